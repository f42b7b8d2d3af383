// Command race runs the same gateway traffic through every library's client, in
// turn, and tells what each cost. Run it in bench/compare:
//
//	GOWORK=off go run ./race                 # the short form, some ten minutes
//	GOWORK=off go run ./race -full           # loads of full size, all compressions
//	GOWORK=off go run ./race -trace FILE -doc= -svg=   # on recorded traffic, to standard output
//	GOWORK=off go run ./race -rollcall       # only whether every client receives everything
//	GOWORK=off go run ./race -render FILE    # the table and the picture of an earlier run
//
// It measures processes through the kernel's accounts of them, so it is for Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

func main() {
	if os.Getenv("RACE_ROLE") == neighbourRole {
		neighbour()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "race:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var (
		full     = flag.Bool("full", false, "loads of full size, and all compressions")
		rounds   = flag.Int("rounds", 5, "rounds, in each of which every client has a turn")
		only     = flag.String("only", "", "regular expression of the heats to run, as load/compression/client")
		scale    = flag.Float64("scale", 1, "multiplies the length of every measurement")
		rollcall = flag.Bool("rollcall", false, "only check that every client receives everything")
		render   = flag.String("render", "", "run nothing: render these results")
		file     = flag.String("trace", "", "play this recording in the place of generated traffic")
		results  = flag.String("results", "results.jsonl", "file for the raw figures, as JSON lines")
		doc      = flag.String("doc", "../../docs/performance.md", "document whose table is replaced, if it has one")
		picture  = flag.String("svg", "../../docs/race.svg", "file for the picture")
	)
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if *rounds < 1 || *scale <= 0 {
		return errors.New("-rounds and -scale must be positive")
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	source := *render
	if source == "" {
		source = *results
		r := &race{rounds: *rounds, scale: *scale, only: pattern, full: *full}
		if *file != "" {
			if r.trace, err = openRecording(*file); err != nil {
				return err
			}
		}
		if *rollcall {
			return r.rollCall(ctx)
		}
		if err := r.run(ctx, *results); err != nil {
			return err
		}
	}
	outcome, err := readResults(source)
	if err != nil {
		return err
	}
	return publish(outcome, *doc, *picture)
}
