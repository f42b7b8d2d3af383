// Command server is the gateway of the race: gatewaytest in a process of its own.
//
// It prints a [Hello] as a line of JSON, and then obeys orders on standard input,
// one a line: "report" is answered with a [Report]; "quiesce" ends all traffic for
// good, and is answered with a report of all that was written. It ends when
// standard input does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sluice-go/sluice/bench/compare/server/wire"
	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/gatewaytest"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var (
		shards    = flag.Int("shards", 1, "shards that will connect, all of them at once if they want")
		rate      = flag.Float64("rate", 0, "events a second for each shard; -1: as fast as they are taken")
		events    = flag.Int("events", 1_000_000, "events of each session")
		guilds    = flag.Int("guilds", 0, "guilds of each shard")
		guildSize = flag.Int("guild-size", 2048, "bytes of each GUILD_CREATE")
		heartbeat = flag.Duration("heartbeat", 41250*time.Millisecond, "what hello asks for")
		exact     = flag.Bool("exact", false, "write each event by itself when it is due, not what a millisecond brought together")
		seed      = flag.Uint64("seed", 1, "of the traffic")
		file      = flag.String("trace", "", "trace to play back, again and again, in the place of generated traffic")
		speed     = flag.Float64("speed", 1, "how many times as fast as it was recorded; -1: as fast as it is taken")
		encrypted = flag.Bool("tls", true, "speak TLS")
		ca        = flag.String("ca", "", "file to write the certificate authority to")
	)
	flag.Parse()
	pacing := gatewaytest.PacingBurst
	if *exact {
		pacing = gatewaytest.PacingExact
	}
	options := []gatewaytest.Option{
		gatewaytest.WithTLS(*encrypted),
		gatewaytest.WithLongChain(),
		gatewaytest.WithShards(*shards),
		gatewaytest.WithMaxConcurrency(*shards),
		// The next client of the race comes as soon as the last has gone.
		gatewaytest.WithIdentifyInterval(0),
		gatewaytest.WithSessionStartLimit(1_000_000, 1_000_000),
		gatewaytest.WithHeartbeatInterval(*heartbeat),
		gatewaytest.WithGuilds(*guilds, *guildSize),
		gatewaytest.WithTraffic(*rate),
		gatewaytest.WithEvents(*events),
		gatewaytest.WithSeed(*seed),
		gatewaytest.WithPacing(pacing),
		// As in life, a connection's events come one by one.
		gatewaytest.WithTick(time.Millisecond),
	}
	if *file != "" {
		recording, err := trace.Open(*file)
		if err != nil {
			return err
		}
		defer recording.Close()
		options = append(options, gatewaytest.WithTrace(recording, *speed), gatewaytest.WithTraceLoop(true))
	}
	server, err := gatewaytest.Start(options...)
	if err != nil {
		return err
	}
	defer server.Close()
	if *ca != "" {
		if err := os.WriteFile(*ca, server.CertPEM(), 0o644); err != nil {
			return err
		}
	}
	answers := json.NewEncoder(out)
	if err := answers.Encode(wire.Hello{URL: server.URL(), APIURL: server.APIURL(), Token: server.Token()}); err != nil {
		return err
	}
	orders := bufio.NewScanner(in)
	for orders.Scan() {
		switch order := orders.Text(); order {
		case "quiesce":
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			err := server.Quiesce(ctx)
			cancel()
			if err != nil {
				return err
			}
		case "report":
		default:
			return fmt.Errorf("unknown order %q", order)
		}
		if err := answers.Encode(condense(server.Report())); err != nil {
			return err
		}
	}
	return orders.Err()
}

// condense leaves of a report what the newest session of each shard got.
func condense(full gatewaytest.Report) wire.Report {
	r := wire.Report{Connections: full.Connections, Resumes: full.Resumes}
	for _, s := range full.Sessions {
		for len(r.Last) <= s.Shard {
			r.Last = append(r.Last, 0)
			r.Bytes = append(r.Bytes, 0)
		}
		r.Last[s.Shard], r.Bytes[s.Shard] = s.LastSeq, s.Bytes
	}
	return r
}
