package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// faultOptions are the flags of mock that make the gateway misbehave.
type faultOptions struct {
	faults    faultsFlag
	script    string
	chaos     int
	chaosSeed uint64
	chaosEach time.Duration
}

// faultsFlag is --fault, which may be given more than once.
type faultsFlag []fault.Fault

func (f *faultsFlag) Set(s string) error {
	fault, err := fault.Parse(s)
	if err != nil {
		return trimPrefix(err)
	}
	*f = append(*f, fault)
	return nil
}

func (f *faultsFlag) String() string {
	var lines []string
	for _, fault := range *f {
		lines = append(lines, fault.String())
	}
	return strings.Join(lines, "; ")
}

func (f *faultsFlag) Type() string { return "FAULT" }

// options returns the faults of all flags as options of the server.
func (o *faultOptions) options() ([]gatewaytest.Option, error) {
	faults := o.faults
	if o.script != "" {
		file, err := os.Open(o.script)
		if err != nil {
			return nil, fmt.Errorf("cannot read --script: %w", err)
		}
		defer file.Close()
		script, err := fault.ParseScript(file)
		if err != nil {
			return nil, fmt.Errorf("--script %s: %w", o.script, trimPrefix(err))
		}
		faults = append(faults, script...)
	}
	options := []gatewaytest.Option{gatewaytest.WithFaults(faults...)}
	if o.chaos > 0 {
		options = append(options, gatewaytest.WithChaos(o.chaosSeed, o.chaos))
	}
	if o.chaosEach > 0 {
		options = append(options, gatewaytest.WithChaosInterval(o.chaosSeed, o.chaosEach))
	}
	return options, nil
}
