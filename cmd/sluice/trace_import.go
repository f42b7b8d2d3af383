package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/lazyjson"
)

// importOptions are the flags of trace import.
type importOptions struct {
	out     string
	redact  bool
	keyFile string
	skip    bool
}

func newTraceImport() *cobra.Command {
	o := &importOptions{redact: true}
	cmd := &cobra.Command{
		Use:   "import FILE --out FILE",
		Short: "Make a trace of JSON lines, as any client's log can give them",
		Long: `Make a trace of JSON lines, as any client's log can give them; - is standard input.

A line is a payload as the gateway sent it, with op, or an object that has the payload
under "payload", as JSON or as a string, and may have "shard" or "shard_id", "at",
"time", "timestamp" or "ts" (RFC 3339, or Unix time in s, ms or µs), and "kind" and "code" as sluice
trace cat writes them. Without a time, lines are 1 ms apart. Payloads that a client
sends are told by their op, and lose their token. docs/traces.md has the lines that
make discord.py, discord.js, JDA and twilight write such a file.

Words, names and ids are replaced before anything is written, unless --redact=false. The first line that
makes no sense ends the import; what came before it is kept.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.out == "" {
				return errors.New("--out is missing: name the file to write, which must not exist yet")
			}
			return fail(o.run(args[0], cmd.InOrStdin(), cmd.OutOrStdout()))
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.out, "out", "", "the file to write, which must not exist yet")
	f.BoolVar(&o.redact, "redact", true, "replace people's words, names and ids before anything is written")
	f.StringVar(&o.keyFile, "redact-key-file", "", "file with the key that replacements follow from (default: a random key)")
	f.BoolVar(&o.skip, "skip-bad", false, "pass lines that make no sense over, and tell how many they were")
	return cmd
}

func (o *importOptions) run(name string, in io.Reader, out io.Writer) (err error) {
	key, err := readKey(o.keyFile)
	if err != nil {
		return err
	}
	if name == "-" {
		name = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("cannot read the lines: %w", err)
		}
		defer f.Close()
		in = f
	}
	im := &importer{name: name, skip: o.skip}
	h := trace.Header{}
	if o.redact {
		if key == nil {
			key = make([]byte, 32)
			rand.Read(key)
		}
		im.redactor, h.Redaction = trace.NewRedactor(key), trace.RedactionVersion
	}
	if im.w, err = trace.NewWriter(o.out, h); err != nil {
		return err
	}
	err = errors.Join(im.lines(in), im.w.Close())
	if err == nil {
		_, err = fmt.Fprintf(out, "%s: %d events of %d lines, %d passed over\n", o.out, im.kept, im.line, im.skipped)
	} else if im.kept > 0 {
		err = errors.Join(err, fmt.Errorf("%s has the %d events before it", o.out, im.kept))
	}
	return err
}

// importer makes records of lines.
type importer struct {
	name     string
	skip     bool
	w        *trace.Writer
	redactor *trace.Redactor // nil: nothing is redacted
	last     time.Time
	text     []byte

	line, kept, skipped int64
}

// maxImportLine bounds a line: a payload of the largest size, as a string with escapes.
const maxImportLine = 2*trace.MaxPayload + 1<<16

// lines reads all lines.
func (im *importer) lines(in io.Reader) error {
	r := bufio.NewReaderSize(in, 64<<10)
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxImportLine {
			return fmt.Errorf("%s, line %d: longer than %s, and no payload is", im.name, im.line+1, formatSize(maxImportLine))
		}
		line = append(line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("cannot read %s, line %d: %w", im.name, im.line+1, err)
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			im.line++
			if e := im.take(text); e != nil {
				return e
			}
		} else if len(line) > 0 {
			im.line++
		}
		if err != nil {
			return nil
		}
		line = line[:0]
	}
}

// take writes the record of a line.
func (im *importer) take(line []byte) error {
	rec, reason := im.parse(line)
	if reason == "" && len(rec.Payload) > 0 && im.redactor != nil && im.redactor.Redact(rec.Payload) != nil {
		reason = "the payload is no JSON"
	}
	if reason != "" {
		if im.skipped++; im.skip {
			return nil
		}
		return fmt.Errorf("%s, line %d: %s; a line is a payload such as {\"t\":\"MESSAGE_CREATE\",\"s\":2,\"op\":0,\"d\":{}}, or has one under \"payload\"; --skip-bad passes others over",
			im.name, im.line, reason)
	}
	if err := im.w.Write(&rec); err != nil {
		return fmt.Errorf("%s, line %d: %w", im.name, im.line, err)
	}
	im.last = rec.At
	im.kept++
	return nil
}

// parse reads a line. The reason says what is wrong with it, if anything is. The payload is a part of the
// line or of im.text.
func (im *importer) parse(line []byte) (rec trace.Record, reason string) {
	if !lazyjson.Valid(line) {
		return rec, "it is no JSON"
	}
	v := lazyjson.ValueOf(line)
	rec.Kind, rec.At = trace.Received, im.last.Add(time.Millisecond)
	if im.last.IsZero() {
		rec.At = time.Now()
	}
	if _, err := lazyjson.Peek(line); err == nil {
		rec.Payload = line
	} else if !im.parseWrapped(v, &rec) {
		return rec, "it is neither a payload, with op, nor has it one under \"payload\""
	}
	for _, key := range []string{"shard", "shard_id", "shardId"} {
		if n, err := v.Get(key).Int(); err == nil {
			if n < 0 || n > 1<<31-1 {
				return rec, fmt.Sprintf("there is no shard %d", n)
			}
			rec.Shard = int(n)
		}
	}
	for _, key := range []string{"at", "time", "timestamp", "ts"} {
		if t, ok := parseTime(v.Get(key)); ok {
			rec.At = t
			break
		}
	}
	if env, err := lazyjson.Peek(rec.Payload); err == nil && isClientOp(env.Op) {
		rec.Kind = trace.Sent
	}
	return rec, ""
}

// parseWrapped reads a line that is no payload itself.
func (im *importer) parseWrapped(v lazyjson.Value, rec *trace.Record) bool {
	if kind, err := v.Get("kind").AppendString(nil); err == nil {
		if rec.Kind = trace.ParseKind(string(kind)); rec.Kind == 0 {
			return false
		}
	}
	if n, err := v.Get("wire").Int(); err == nil && n > 0 && n < trace.MaxPayload {
		rec.Wire = int(n)
	}
	if n, err := v.Get("code").Int(); err == nil && n > 0 && n < 1<<16 {
		rec.Code = int(n)
	}
	payload := v.Get("payload")
	switch payload.Kind() {
	case lazyjson.KindObject:
		rec.Payload = payload.Raw()
	case lazyjson.KindString:
		text, err := payload.AppendString(im.text[:0])
		if err != nil {
			return false
		}
		im.text = text
		rec.Payload = text
	default:
		// Only what is no payload can do without.
		return rec.Kind != trace.Received && rec.Kind != trace.Sent
	}
	_, err := lazyjson.Peek(rec.Payload)
	return err == nil
}

// isClientOp reports whether payloads with the opcode come from clients alone.
func isClientOp(op int64) bool {
	switch op {
	case 2, 3, 4, 6, 8, 31, 43:
		return true
	}
	return false
}
