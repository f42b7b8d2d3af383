package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/flags"
)

// recordOptions are the flags of record, besides those of run.
type recordOptions struct {
	runOptions
	redact  bool
	keyFile string
	limit   limitFlag
	rotate  bool
	keep    int
	fast    bool
}

func newRecord() *cobra.Command {
	o := &recordOptions{runOptions: newRunOptions(), redact: true}
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Run shards against Discord and record what comes in a trace",
		Long: `Run shards against Discord, or any gateway, as sluice run does, and record what
comes in a trace: a compressed file that sluice replay and the benchmarks play back.

Before anything is written, people's words, names and ids are replaced by others of
the same length; --redact=false records everything as it came. The token is in no
file. The file must not exist yet, or with --rotate the first name that is free is
taken. See docs/traces.md.

With --limit the recording ends after so many events, so much time, or at such a
size of the file, whichever comes first; with --rotate the next file begins instead.`,
		Example: `  sluice record --out bot.trace --limit 1h
  sluice record --out bot.trace --limit 500MB --rotate --keep 10 --session-file sessions.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return err
			}
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.flags(cmd, "the trace, a file that does not exist yet")
	f := cmd.Flags()
	f.BoolVar(&o.redact, "redact", true, "replace people's words, names and ids before anything is written")
	f.StringVar(&o.keyFile, "redact-key-file", "", "file with the key that replacements follow from, to have the same ones in several\nrecordings; a secret (default: a random one)")
	f.Var(&o.limit, "limit", "end of a file: events such as 1000000, a time such as 1h, a size such as 500MB, or several (default: none)")
	f.BoolVar(&o.rotate, "rotate", false, "begin the next file at --limit, bot.2.trace after bot.trace, and so on")
	f.Var(flags.Int(&o.keep, 0, 1<<30), "keep", "with --rotate, how many files to keep; 0: all")
	f.BoolVar(&o.fast, "fast", false, "compress with half the CPU time, into files a sixth larger")
	return cmd
}

func (o *recordOptions) complete() error {
	switch {
	case o.out == "" || o.out == "-":
		return errors.New("--out is missing: name the file to record in, such as --out bot.trace")
	case o.rotate && o.limit == limitFlag{}:
		return errors.New("--rotate needs a --limit at which a file ends, such as --limit 500MB")
	case o.keep > 0 && !o.rotate:
		return errors.New("--keep is of use only with --rotate")
	}
	return nil
}

func (o *recordOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	key, err := readKey(o.keyFile)
	if err != nil {
		return fail(err)
	}
	return o.attached(ctx, stderr, func(eng *engine.Engine, end context.CancelCauseFunc, logger *slog.Logger) (func() error, error) {
		rec, err := trace.Create(o.out, trace.Options{
			Shards:      o.shards.Total,
			Compression: trace.ParseCompression(o.compress.String()),
			Unredacted:  !o.redact, Key: key,
			MaxBytes: o.limit.bytes, MaxTime: o.limit.time, MaxEvents: o.limit.events,
			Rotate: o.rotate, Keep: o.keep, Fast: o.fast,
		})
		if err != nil {
			return nil, err
		}
		eng.On(o.events.Union(connectionEvents), func(ev *engine.Event) { record(rec, ev) })
		go func() {
			<-rec.Done() // a limit is reached, or the disk is full
			end(nil)
		}()
		return func() error {
			err := rec.Close()
			s := rec.Stats()
			logger.Info("recorded", "file", s.Path, "files", s.Files, "events", s.Events, "dropped", s.Dropped, "bytes_json", s.Payload, "bytes", s.Written)
			if s.Dropped > 0 {
				logger.Warn("events were left out because the disk did not keep up", "events", s.Dropped)
			}
			return err
		}, nil
	})
}

// connectionEvents are recorded besides the dispatches.
var connectionEvents = gateway.Events(gateway.EventHello, gateway.EventHeartbeat, gateway.EventReconnect, gateway.EventInvalidSession,
	gateway.EventHeartbeatACK, gateway.EventClosed, gateway.EventSessionResumed, gateway.EventPayloadSent)

// record is the callback.
func record(rec *trace.Recorder, ev *engine.Event) {
	shard := ev.Shard.ID()
	switch ev.Type {
	case gateway.EventClosed:
		closed, _ := ev.Closed()
		rec.RecordClosed(shard, time.Now(), int(closed.Code))
		return
	case gateway.EventSessionResumed:
		rec.RecordResumed(shard, time.Now())
		return
	case gateway.EventPayloadSent:
		rec.Add(&trace.Record{Kind: trace.Sent, Shard: shard, At: ev.Received, Wire: ev.Wire, Payload: ev.Payload})
		return
	case gateway.EventHello:
		rec.RecordOpened(shard, ev.Received)
	case gateway.EventReady:
		rec.RecordSession(shard, ev.Received)
	}
	rec.Add(&trace.Record{Kind: trace.Received, Shard: shard, At: ev.Received, Wire: ev.Wire, Payload: ev.Payload})
}
