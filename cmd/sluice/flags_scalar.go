package main

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
)

// The flags that hold one number, time or word, with the bounds that it must
// keep to. Each implements pflag.Value.

// intFlag is a whole number from min to max.
type intFlag struct {
	value    *int
	min, max int
}

func (f intFlag) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < f.min || n > f.max {
		return fmt.Errorf("want a whole number from %d to %d", f.min, f.max)
	}
	*f.value = n
	return nil
}

func (f intFlag) String() string { return strconv.Itoa(*f.value) }

func (f intFlag) Type() string { return "N" }

// seedFlag is a seed.
type seedFlag struct{ value *uint64 }

func (f seedFlag) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return fmt.Errorf("want a whole number from 0 to %d", uint64(math.MaxUint64))
	}
	*f.value = n
	return nil
}

func (f seedFlag) String() string { return strconv.FormatUint(*f.value, 10) }

func (f seedFlag) Type() string { return "N" }

// durationFlag is a length of time of at least min.
type durationFlag struct {
	value *time.Duration
	min   time.Duration
}

func (f durationFlag) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < f.min {
		return fmt.Errorf("want a time of at least %v, such as 500ms, 10s or 2h30m", f.min)
	}
	*f.value = d
	return nil
}

// String returns "0" for none, which the help does not show as a default.
func (f durationFlag) String() string {
	if *f.value == 0 {
		return "0"
	}
	return f.value.String()
}

func (f durationFlag) Type() string { return "TIME" }

// levelFlag is --log-level.
type levelFlag struct{ slog.Level }

func (f *levelFlag) Set(s string) error {
	switch strings.ToLower(s) {
	case "debug", "info", "warn", "error":
		return f.UnmarshalText([]byte(s))
	}
	return fmt.Errorf("choose debug, info, warn or error")
}

func (f *levelFlag) String() string { return strings.ToLower(f.Level.String()) }

func (f *levelFlag) Type() string { return "LEVEL" }
