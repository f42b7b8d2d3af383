package flags

import (
	"errors"
	"io"
	"log/slog"
	"strings"

	"github.com/sluice-go/sluice/engine/calm"
)

// Log are the flags of the log. Its level can be changed while the command runs.
type Log struct {
	Level  Level
	Format LogFormat
}

// Declare adds the flags.
func (o *Log) Declare(add Adder) {
	add(&o.Level, "log-level", "debug, info, warn or error; the log goes to standard error")
	add(&o.Format, "log-format", "format of the log")
}

// Open returns a logger that writes to w. What many shards say at once is one line; close
// writes what is left.
func (o *Log) Open(w io.Writer) (logger *slog.Logger, level *slog.LevelVar, close func()) {
	level = new(slog.LevelVar)
	level.Set(o.Level.Level)
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewTextHandler(w, options)
	if o.Format == "json" {
		handler = slog.NewJSONHandler(w, options)
	}
	calmed := calm.New(handler)
	return slog.New(calmed), level, calmed.Close
}

// Level is --log-level.
type Level struct{ slog.Level }

// Set implements [Value].
func (f *Level) Set(s string) error {
	switch strings.ToLower(s) {
	case "debug", "info", "warn", "error":
		return f.UnmarshalText([]byte(s))
	}
	return errors.New("choose debug, info, warn or error")
}

func (f *Level) String() string { return strings.ToLower(f.Level.String()) }

// Type implements [Value].
func (f *Level) Type() string { return "LEVEL" }

// LogFormat is --log-format.
type LogFormat string

// Set implements [Value].
func (f *LogFormat) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("want text or json")
	}
	*f = LogFormat(s)
	return nil
}

func (f *LogFormat) String() string {
	if *f == "" {
		return "text"
	}
	return string(*f)
}

// Type implements [Value].
func (f *LogFormat) Type() string { return "text|json" }
