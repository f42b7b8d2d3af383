package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/bench/compare/proc"
)

// race is a run of the command.
type race struct {
	rounds int
	scale  float64
	only   *regexp.Regexp
	full   bool
	trace  *recording // nil: traffic is generated
	absent []absence
	out    *json.Encoder
}

// enters reports whether a client takes part with a compression.
func (r *race) enters(e entrant, compression string) bool {
	if !r.full && slices.Contains(e.extra, compression) {
		return false
	}
	if !slices.ContainsFunc(r.loads(), func(l load) bool { return r.only.MatchString(l.name + "/" + compression + "/" + e.name) }) {
		return false
	}
	return !slices.ContainsFunc(r.absent, func(a absence) bool {
		return a.Client == e.name && a.Compression == compression
	})
}

// leaveOut notes that a client does not take part with a compression, and why.
func (r *race) leaveOut(client, compression string, why error) {
	r.absent = append(r.absent, absence{Client: client, Compression: compression, Why: why.Error()})
	fmt.Fprintf(os.Stderr, "%s %s is left out: %v\n", client, compression, why)
}

// build builds the gateway and the clients.
func (r *race) build(ctx context.Context) error {
	if err := buildStep(ctx, "", []string{"go", "build", "-o", "bin/server", "./server"}); err != nil {
		return err
	}
	for _, e := range field {
		if !slices.ContainsFunc(e.compressions, func(c string) bool { return r.enters(e, c) }) {
			continue
		}
		for _, command := range e.build {
			if err := buildStep(ctx, e.dir, command); err != nil {
				for _, c := range e.compressions {
					r.leaveOut(e.name, c, err)
				}
				break
			}
		}
	}
	return ctx.Err()
}

// buildStep runs one command of a build.
func buildStep(ctx context.Context, dir string, command []string) error {
	fmt.Fprintln(os.Stderr, strings.Join(command, " "))
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		text := strings.TrimSpace(string(out))
		return fmt.Errorf("cannot be built: %s: %w: %s", strings.Join(command, " "), err, text[strings.LastIndexByte(text, '\n')+1:])
	}
	return nil
}

// run builds, calls the roll, and runs all heats of all rounds into a file.
func (r *race) run(ctx context.Context, results string) error {
	if err := proc.Supported(); err != nil {
		return err
	}
	if err := r.build(ctx); err != nil {
		return err
	}
	r.present(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := os.Create(results)
	if err != nil {
		return err
	}
	defer f.Close()
	r.out = json.NewEncoder(f)
	client, server := pair()
	titles := make(map[string]string)
	for _, l := range r.loads() {
		titles[l.name] = l.title
	}
	err = r.out.Encode(line{About: &about{
		Date: time.Now().UTC().Format(time.DateOnly), Machine: proc.Machine(), Full: r.full, Rounds: r.rounds,
		ClientCore: client, ServerCore: server, Absent: r.absent, Titles: titles, Recording: r.trace,
	}})
	if err != nil {
		return err
	}
	for _, l := range r.loads() {
		if err := r.loaded(ctx, l); err != nil {
			return err
		}
	}
	return f.Close()
}

// loaded runs the rounds of one load. A gateway lives through them all: what it has
// encoded for one client it need not encode for the next.
func (r *race) loaded(ctx context.Context, l load) error {
	dir, remove, err := scratchDir()
	if err != nil {
		return err
	}
	defer remove()
	g, err := startGateway(ctx, l, dir)
	if err != nil {
		return err
	}
	defer g.Stop()
	if l.busy {
		n, err := startNeighbour(ctx)
		if err != nil {
			return err
		}
		defer n.Stop()
	}
	rounds := r.rounds
	if l.rounds > 0 {
		rounds = min(rounds, l.rounds)
	}
	for round := range rounds + 1 {
		for _, compression := range compressions {
			for _, e := range field {
				if !slices.Contains(e.compressions, compression) || !r.enters(e, compression) ||
					!r.only.MatchString(l.name+"/"+compression+"/"+e.name) {
					continue
				}
				if round == 0 && (l.rate != saturated || e.name != field[0].name) {
					continue // only the gateway has something to warm up, by a fast client
				}
				h, err := g.heat(ctx, e, compression, r.scale)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if h == nil {
					h = &heat{Load: l.name, Compression: compression, Client: e.name, Shards: l.shards, Error: err.Error()}
				}
				h.Round = round
				fmt.Fprintln(os.Stderr, h)
				if round == 0 {
					continue
				}
				if err := r.out.Encode(line{Heat: h}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// compressions in the order of the tables.
var compressions = []string{"zlib-stream", "zstd-stream", "payload", "none"}
