// Package compare races sluice against other libraries, in a module of its own so
// that none of them is a dependency of sluice. Run it here, not in the root
// (it is outside go.work, lest its dependencies choose versions for the rest):
//
//	GOWORK=off go run ./race                  # gateway clients under the same traffic
//	GOWORK=off go run ./bridges -sluice FILE  # gateways for bots, see docs/bridge.md
//	GOWORK=off go test -run='^$' -bench=. .   # JSON libraries
//
// Each client is a small program in a folder of its own (sluice, disgo, disgo-on-sluice, discordgo,
// arikawa, twilight, discordjs), written as a user of the library would write a
// bot that counts raw events, with the fastest settings that the library has. What
// they have in common is said in package client; server is their gateway, and race
// runs them in turn and measures them, by package proc.
package compare
