// Command bridges puts sluice serve beside gateway-proxy, another gateway for bots in front of
// Discord's, and tells what an event and a guild cost each. Run it in bench/compare:
//
//	GOWORK=off go run ./bridges -sluice FILE -proxy FILE                  # all, on an idle machine
//	GOWORK=off go run ./bridges -sluice FILE -proxy FILE -only 'lone'     # one load, or one contender
//
// docs/bridge.md says how the programs are built. Without -proxy, sluice runs alone.
//
// A gateway in the place of Discord's, the bridge and the bots are processes of their own; what is
// measured is the bridge's, by the kernel's account of it, so it is for Linux. Every event reaches one
// bot, uncompressed. There is no TLS anywhere: gateway-proxy trusts the certificate authorities that it
// was built with, and no other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"syscall"

	"github.com/sluice-go/sluice/bench/compare/client"
	"github.com/sluice-go/sluice/bench/compare/proc"
)

func main() {
	if os.Getenv(roleVariable) == botsRole {
		client.Main(connect)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bridges:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var (
		sluice   = flag.String("sluice", "", "program of this project's command")
		proxy    = flag.String("proxy", "", "program of gateway-proxy, which takes the gateway's URL from GATEWAY_URL")
		compress = flag.String("compress", "zlib", "what sluice asks Discord for; gateway-proxy has zlib alone")
		rounds   = flag.Int("rounds", 5, "rounds, in each of which every bridge has a turn")
		only     = flag.String("only", "", "regular expression of what to run, as load/contender")
		guilds   = flag.Int("guilds", 500, "guilds of each of the ten shards")
		size     = flag.Int("guild-size", 52_000, "bytes of each GUILD_CREATE")
	)
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if *sluice == "" && *proxy == "" {
		return errors.New("nothing to run: give -sluice, -proxy or both")
	}
	if *rounds < 1 || *guilds < 1 {
		return errors.New("-rounds and -guilds must be positive")
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if err := proc.Supported(); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", "bin/server", "./server")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("the gateway cannot be built: %w: %s", err, out)
	}
	r := &results{}
	for _, l := range loads(*guilds, *size) {
		for round := range *rounds {
			for _, c := range contenders(*sluice, *proxy, *compress) {
				if !pattern.MatchString(l.name + "/" + c.name) {
					continue
				}
				h, err := measure(ctx, l, c)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", l.name, c.name, err)
				}
				fmt.Fprintf(os.Stderr, "%d %-10s %-36s %s\n", round+1, l.name, c.name, h)
				r.add(l, c.name, h)
			}
		}
	}
	fmt.Print(r.markdown())
	return nil
}
