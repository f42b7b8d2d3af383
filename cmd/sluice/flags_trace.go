package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/internal/flags"
)

// limitFlag is --limit of record: where a file ends, by events, time or size.
type limitFlag struct {
	events int64
	time   time.Duration
	bytes  int64
}

func (f *limitFlag) Set(s string) error {
	var l limitFlag
	for _, part := range strings.Split(s, ",") {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil && n > 0 {
			l.events = n
		} else if d, err := time.ParseDuration(part); err == nil && d > 0 {
			l.time = d
		} else if n := flags.ParseSize(part); n > 0 {
			l.bytes = n
		} else {
			return errors.New("want events such as 1000000, a time such as 1h, a size such as 500MB, or several of them with commas")
		}
	}
	*f = l
	return nil
}

func (f *limitFlag) String() string {
	var parts []string
	if f.events > 0 {
		parts = append(parts, strconv.FormatInt(f.events, 10))
	}
	if f.time > 0 {
		parts = append(parts, f.time.String())
	}
	if f.bytes > 0 {
		parts = append(parts, formatSize(f.bytes))
	}
	return strings.Join(parts, ",")
}

func (f *limitFlag) Type() string { return "N|TIME|SIZE" }

// formatSize writes bytes for people.
func formatSize(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}

// speedFlag is --speed: how fast a trace is played back, or "max".
type speedFlag float64

func (f *speedFlag) Set(s string) error {
	if s == "max" {
		*f = gatewaytest.Saturated
		return nil
	}
	speed, err := strconv.ParseFloat(s, 64)
	if err != nil || !(speed > 0 && speed <= 1e6) {
		return errors.New("want how many times as fast as it was recorded, such as 1, 10 or 0.5, or max")
	}
	*f = speedFlag(speed)
	return nil
}

func (f *speedFlag) String() string { return (*rateFlag)(f).String() }

func (f *speedFlag) Type() string { return "N|max" }

// momentFlag is a point of a trace: a time since its beginning, or a date.
type momentFlag struct {
	after time.Duration
	date  time.Time
	given bool
}

func (f *momentFlag) Set(s string) error {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		*f = momentFlag{after: d, given: true}
		return nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		*f = momentFlag{date: t, given: true}
		return nil
	}
	return errors.New("want a time since the beginning, such as 90s or 1h, or a date such as 2026-11-28T15:04:05Z")
}

func (f *momentFlag) String() string {
	switch {
	case !f.given:
		return ""
	case f.date.IsZero():
		return f.after.String()
	}
	return f.date.Format(time.RFC3339)
}

func (f *momentFlag) Type() string { return "TIME" }

// at returns the moment in a trace that begins at first.
func (f *momentFlag) at(first time.Time) time.Time {
	if f.date.IsZero() {
		return first.Add(f.after)
	}
	return f.date
}

// maxKeyFile is how much of a key's file is read.
const maxKeyFile = 64 << 10

// readKey reads the key of redaction; nil for no file.
func readKey(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read --redact-key-file: %w", err)
	}
	defer f.Close()
	key, err := flags.ReadBounded(f, maxKeyFile)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read --redact-key-file: %w", err)
	case len(key) < 16:
		return nil, fmt.Errorf("--redact-key-file %s holds %d bytes: a key that nobody guesses has 16 at least, such as head -c 32 /dev/urandom gives", file, len(key))
	}
	return key, nil
}
