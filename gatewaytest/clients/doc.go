// Package clients runs gateway clients that have nothing to do with this project, as they are
// published, against package gatewaytest: what they take for the gateway should be true. It is a
// module of its own, so that nobody else needs them.
//
// The folder programs has a small bot for each client, in the client's language. It differs from other
// bots in its base URLs alone, and says what it sees in JSON lines on its standard output: see
// program_test.go. TestClients puts each through the scenarios of scenario_test.go and prints a table;
// TestBridge has each run on sluice serve, with a server behind it and connections that fail on both sides;
// TestMeasure asks each the questions of question_test.go, and writes docs/clients.md. Whoever adds a
// client adds its program, and its line in client_test.go.
package clients
