package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/flags"
	"github.com/sluice-go/sluice/lazyjson"
)

func newTraceRedact() *cobra.Command {
	var out, keyFile string
	cmd := &cobra.Command{
		Use:   "redact FILE --out FILE",
		Short: "Copy a trace with people's words, names and ids replaced",
		Long: `Copy a trace with people's words, names and ids replaced by others of the same
length. The replacements follow from a random key that is not kept, or from that of
--redact-key-file. A payload that is no JSON is left out. docs/traces.md says what
redaction promises and what it does not.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := readKey(keyFile)
			if err != nil {
				return fail(err)
			}
			return openTrace(args[0], func(r *trace.Reader) error {
				kept, err := redactTrace(r, out, key)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d events, redacted\n", out, kept)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "the file to write, which must not exist yet")
	f.StringVar(&keyFile, "redact-key-file", "", "file with the key that replacements follow from (default: a random key)")
	return cmd
}

func redactTrace(r *trace.Reader, out string, key []byte) (int64, error) {
	h := r.Header()
	if h.Redacted() {
		return 0, errors.New("the trace is redacted already: copy the file, or take the one that it was made of")
	}
	h.Redaction = trace.RedactionVersion
	if key == nil {
		key = make([]byte, 32)
		rand.Read(key)
	}
	redactor := trace.NewRedactor(key)
	var payload []byte
	return rewrite(r, out, h, func(rec *trace.Record) (bool, error) {
		payload = append(payload[:0], rec.Payload...)
		if len(payload) > 0 && redactor.Redact(payload) != nil {
			payload = payload[:0]
		}
		rec.Payload = payload
		return true, nil
	})
}

// cutOptions are the flags of trace cut.
type cutOptions struct {
	out    string
	from   momentFlag
	to     momentFlag
	shard  int
	events eventsFlag
	limit  int
}

func newTraceCut() *cobra.Command {
	o := &cutOptions{shard: -1, events: eventsFlag{gateway.AllDispatches()}}
	cmd := &cobra.Command{
		Use:   "cut FILE --out FILE",
		Short: "Copy a part of a trace: a span of time, a shard, some events",
		Args:  oneFile,
		Example: `  sluice trace cut bot.trace --from 10m --to 15m --out part.trace
  sluice trace cut bot.trace --shard 3 --events MESSAGE_CREATE --out messages.trace`,
		RunE: func(cmd *cobra.Command, args []string) error {
			all := !cmd.Flags().Changed("events")
			return openTrace(args[0], func(r *trace.Reader) error {
				kept, err := rewrite(r, o.out, r.Header(), o.keep(r, all))
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d of %d events\n", o.out, kept, r.Records())
				return err
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "the file to write, which must not exist yet")
	f.Var(&o.from, "from", "leave out what came before: a time since the beginning, or a date")
	f.Var(&o.to, "to", "leave out what came from then on")
	f.Var(flags.Int(&o.shard, -1, 1<<31-1), "shard", "one shard only; -1: all")
	f.Var(&o.events, "events", "these events only, such as MESSAGE_CREATE,READY; other records are left out too")
	f.Var(flags.Int(&o.limit, 0, 1<<30), "limit", "at most so many events; 0: all")
	return cmd
}

// keep returns which records are copied.
func (o *cutOptions) keep(r *trace.Reader, all bool) func(*trace.Record) (bool, error) {
	first, _ := r.Span()
	var from, to time.Time
	if o.from.given {
		from = o.from.at(first)
	}
	if o.to.given {
		to = o.to.at(first)
	}
	kept := 0
	return func(rec *trace.Record) (bool, error) {
		switch {
		case o.limit > 0 && kept >= o.limit,
			rec.At.Before(from), !to.IsZero() && !rec.At.Before(to),
			o.shard >= 0 && rec.Shard != o.shard:
			return false, nil
		case !all:
			name, ok := eventName(rec)
			if !ok || !o.events.Has(gateway.ParseEventType(name)) {
				return false, nil
			}
		}
		kept++
		return true, nil
	}
}

// eventName returns the name of a record's dispatch; ok is false for what is none.
func eventName(rec *trace.Record) (name []byte, ok bool) {
	if rec.Kind != trace.Received {
		return nil, false
	}
	env, err := lazyjson.Peek(rec.Payload)
	if err != nil || env.Op != 0 || env.TypeEnd == 0 {
		return nil, false
	}
	return env.Type(rec.Payload), true
}
