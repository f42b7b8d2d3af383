// Package clients runs gateway clients that have nothing to do with this project, as they are
// published, against package gatewaytest: what they take for the gateway should be true. It is a
// module of its own, so that nobody else needs them, and has tests only.
package clients
