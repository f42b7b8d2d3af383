package main

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/internal/flags"
	"github.com/sluice-go/sluice/lazyjson"
)

// catOptions are the flags of trace cat.
type catOptions struct {
	from     momentFlag
	shard    int
	payloads bool
}

func newTraceCat() *cobra.Command {
	o := &catOptions{shard: -1}
	cmd := &cobra.Command{
		Use:   "cat FILE",
		Short: "Write a trace as JSON lines",
		Long: `Write a trace as JSON lines, one for each record:

  {"at":"2026-11-28T15:04:05.000001Z","shard":0,"kind":"received","wire":221,"payload":{…}}

kind is received, sent, opened, closed (with code), resumed or began. With --payloads a
line is the payload alone, as sluice run --out writes it. sluice trace import reads both.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return openTrace(args[0], func(r *trace.Reader) error { return o.write(r, cmd.OutOrStdout()) })
		},
	}
	f := cmd.Flags()
	f.Var(&o.from, "from", "begin there: a time since the beginning, or a date")
	f.Var(flags.Int(&o.shard, -1, 1<<31-1), "shard", "one shard only; -1: all")
	f.BoolVar(&o.payloads, "payloads", false, "write payloads alone")
	return cmd
}

func (o *catOptions) write(r *trace.Reader, out io.Writer) error {
	w := bufio.NewWriterSize(out, 64<<10)
	records := r.All()
	switch first, _ := r.Span(); {
	case o.from.given:
		records = r.At(o.from.at(first))
	case o.shard >= 0:
		records = r.Shard(o.shard)
	}
	var line []byte
	for rec, err := range records {
		if err != nil {
			_ = w.Flush()
			return err
		}
		if o.shard >= 0 && rec.Shard != o.shard {
			continue
		}
		if o.payloads {
			if len(rec.Payload) == 0 {
				continue
			}
			line = appendLine(line[:0], rec.Payload)
		} else {
			line = appendRecordLine(line[:0], rec)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return w.Flush()
}

// appendRecordLine appends a record as JSON.
func appendRecordLine(dst []byte, rec *trace.Record) []byte {
	dst = append(dst, `{"at":"`...)
	dst = rec.At.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z07:00")
	dst = append(dst, `","shard":`...)
	dst = strconv.AppendInt(dst, int64(rec.Shard), 10)
	dst = append(dst, `,"kind":"`...)
	dst = append(dst, rec.Kind.String()...)
	dst = append(dst, '"')
	if rec.Wire > 0 {
		dst = strconv.AppendInt(append(dst, `,"wire":`...), int64(rec.Wire), 10)
	}
	if rec.Kind == trace.Closed {
		dst = strconv.AppendInt(append(dst, `,"code":`...), int64(rec.Code), 10)
	}
	switch {
	case len(rec.Payload) == 0:
	case lazyjson.Valid(rec.Payload):
		dst = appendLine(append(dst, `,"payload":`...), rec.Payload)
	default:
		text, _ := json.Marshal(string(rec.Payload))
		dst = append(append(dst, `,"text":`...), text...)
	}
	return append(dst, '}')
}

// appendLine appends a payload in one line: a line break in it can only be white space between tokens.
func appendLine(dst, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, payload...)
	for i := start; i < len(dst); i++ {
		if dst[i] == '\n' || dst[i] == '\r' {
			dst[i] = ' '
		}
	}
	return dst
}

// parseTime reads a time as logs write it: RFC 3339, or Unix time in seconds, milliseconds or microseconds.
func parseTime(v lazyjson.Value) (time.Time, bool) {
	if n, err := v.Float(); err == nil {
		switch {
		case n > 1e14:
			return time.UnixMicro(int64(n)), true
		case n > 1e11:
			return time.UnixMicro(int64(n * 1e3)), true
		case n > 1e8:
			return time.UnixMicro(int64(n * 1e6)), true
		}
		return time.Time{}, false
	}
	text, err := v.AppendString(nil)
	if err != nil {
		return time.Time{}, false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05,999"} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
