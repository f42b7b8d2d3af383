package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/internal/flags"
)

// The flags that hold a choice, a range or a list. Each implements pflag.Value.

// compressFlag is --compress.
type compressFlag struct{ engine.Compression }

func (f *compressFlag) Set(s string) (err error) {
	f.Compression, err = engine.ParseCompression(s)
	return trimPrefix(err)
}

func (f *compressFlag) Type() string { return "zlib|zstd|payload|none" }

// shardsFlag is --shards of run: N, ID/TOTAL or FIRST-LAST/TOTAL.
type shardsFlag struct{ engine.Shards }

func (f *shardsFlag) Set(s string) error {
	ids, total, ranged := strings.Cut(s, "/")
	if !ranged {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return errShards
		}
		f.Shards = engine.Shards{Total: n}
		return nil
	}
	n, err := strconv.Atoi(total)
	if err != nil {
		return errShards
	}
	first, last, isRange := strings.Cut(ids, "-")
	if !isRange {
		last = first
	}
	a, errA := strconv.Atoi(first)
	b, errB := strconv.Atoi(last)
	if errA != nil || errB != nil || a < 0 || b < a || n <= b {
		return errShards
	}
	f.Shards = engine.ShardRange(a, b, n)
	return nil
}

var errShards = errors.New("want a number of shards such as 16, or a range such as 0-7/16 (first, last, total; counted from 0)")

func (f *shardsFlag) String() string {
	if f.Shards == (engine.Shards{Total: f.Total}) && f.Total > 0 {
		return strconv.Itoa(f.Total)
	}
	return f.Shards.String()
}

func (f *shardsFlag) Type() string { return "N|FIRST-LAST/TOTAL" }

// eventsFlag is --events.
type eventsFlag struct{ gateway.EventSet }

func (f *eventsFlag) Set(s string) error {
	events, err := gateway.ParseEventSet(s)
	if err != nil {
		return trimPrefix(err)
	}
	if others := events.Without(gateway.AllDispatches()); !others.IsEmpty() {
		return fmt.Errorf("%v is no dispatch: only those have a payload to deliver", others)
	}
	f.EventSet = events
	return nil
}

func (f *eventsFlag) String() string {
	if f.EventSet == gateway.AllDispatches() {
		return "all"
	}
	return f.EventSet.String()
}

func (f *eventsFlag) Type() string { return "LIST" }

// rateFlag is --rate: events a second for each shard, or "max".
type rateFlag float64

func (f *rateFlag) Set(s string) error {
	if s == "max" {
		*f = gatewaytest.Saturated
		return nil
	}
	rate, err := strconv.ParseFloat(s, 64)
	if err != nil || !(rate >= 0 && rate <= 1e6) {
		return errors.New("want events a second for each shard, such as 200, or max")
	}
	*f = rateFlag(rate)
	return nil
}

func (f *rateFlag) String() string {
	if *f == gatewaytest.Saturated {
		return "max"
	}
	return strconv.FormatFloat(float64(*f), 'g', -1, 64)
}

func (f *rateFlag) Type() string { return "N|max" }

// pacingFlag is --pacing.
type pacingFlag struct{ gatewaytest.Pacing }

func (f *pacingFlag) Set(s string) (err error) {
	f.Pacing, err = gatewaytest.ParsePacing(s)
	return trimPrefix(err)
}

func (f *pacingFlag) Type() string { return "burst|exact" }

// trimPrefix takes the package name off an error that stands beside its flag,
// and a list of all possible names down to an example.
func trimPrefix(err error) error {
	if err == nil {
		return nil
	}
	var unknown *gateway.NameError
	if errors.As(err, &unknown) {
		example := "GUILDS,GUILD_MESSAGES"
		if unknown.Kind == "event" {
			example = "MESSAGE_CREATE,GUILD_CREATE or all"
		}
		return fmt.Errorf("unknown %s %q: names are as Discord writes them, such as %s", unknown.Kind, unknown.Name, example)
	}
	return errors.New(plain(err))
}

// adder adds flags that commands share with those of other programs.
func adder(f *pflag.FlagSet) flags.Adder {
	return func(v flags.Value, name, usage string) {
		flag := f.VarPF(v, name, "", usage)
		if b, ok := v.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			flag.NoOptDefVal = "true"
		}
	}
}
