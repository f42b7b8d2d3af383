// Package gatewire is the gateway's half of the wire, as Discord's clients expect it: how payloads
// become frames in each compression, how a client's frames become messages, and what a client may
// say in them. Both gateways of this project speak by it: the one to test against (gatewaytest) and
// the one in front of Discord's (bridge). It has no connections, sessions or clocks of its own.
package gatewire
