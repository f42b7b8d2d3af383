package main

import (
	"context"
	"fmt"
	"os"

	"github.com/sluice-go/sluice/bench/compare/proc"
)

// neighbourRole, as the value of the variable RACE_ROLE, makes a neighbour of the race's program.
const neighbourRole = "neighbour"

// startNeighbour starts a process that keeps a client's core busy, as whatever else runs
// on a bot's machine does: the core is never idle, and its caches are not the client's alone.
func startNeighbour(ctx context.Context) (*proc.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	core, _ := pair()
	p, err := proc.Start(ctx, neighbourRole, core, []string{"RACE_ROLE=" + neighbourRole}, []string{self})
	if err != nil {
		return nil, err
	}
	if err := p.Answer(&struct{}{}); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// neighbour works on a megabyte, until standard input ends.
func neighbour() {
	fmt.Println("{}")
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	memory := make([]uint64, 1<<17)
	for sum := uint64(1); ; {
		for i := range memory {
			sum += memory[i]
			memory[i] = sum
		}
	}
}
