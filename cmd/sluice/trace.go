package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine/trace"
)

func newTrace() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "trace",
		Short: "Look at recorded traffic, redact, cut, repair and import it",
		Long: `Look at recorded traffic, redact, cut, repair and import it.

Traces are written by sluice record, or by a program of yours (package trace). No
command but repair changes the file that it reads. See docs/traces.md.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTraceInfo(), newTraceCat(), newTraceRedact(), newTraceCut(), newTraceRepair(), newTraceImport())
	return cmd
}

// oneFile refuses all but one argument.
func oneFile(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 1:
		return nil
	case 0:
		return fmt.Errorf("%s needs a file, such as bot.trace", cmd.CommandPath())
	}
	return fmt.Errorf("unexpected argument %q: %s takes one file", harmless(args[1]), cmd.CommandPath())
}

// openTrace opens a trace for a command.
func openTrace(path string, use func(*trace.Reader) error) (err error) {
	r, err := trace.Open(path)
	if err != nil {
		return fail(err)
	}
	defer func() { err = errors.Join(err, fail(r.Close())) }()
	if err := use(r); !isBrokenPipe(err) { // or else whoever reads has seen enough
		return fail(err)
	}
	return nil
}

// rewrite copies the records of a trace for which keep is true into another file. Where the trace is damaged,
// what stands before the damage is kept.
func rewrite(r *trace.Reader, out string, h trace.Header, keep func(*trace.Record) (bool, error)) (kept int64, err error) {
	if out == "" {
		return 0, errors.New("--out is missing: name the file to write, which must not exist yet")
	}
	w, err := trace.NewWriter(out, h)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for rec, err := range r.All() {
		if err != nil {
			return kept, err
		}
		ok, err := keep(rec)
		if err != nil {
			return kept, err
		}
		if !ok {
			continue
		}
		if err := w.Write(rec); err != nil {
			return kept, err
		}
		kept++
	}
	w.Dropped(uint32(min(r.Dropped(), 1<<32-1)))
	return kept, nil
}

func newTraceRepair() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "repair FILE",
		Short: "Give a trace that was cut off or damaged its index again",
		Long: `Give a trace that was cut off or damaged its index again, in place or, with --out, in a copy.

Every block that is whole stays. What is damaged between two of them is passed over
from then on, and half a block at the end is cut off. A file in order is not touched.
Nobody may write the file meanwhile.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := args[0]
			if out != "" {
				if err := copyFile(out, path); err != nil {
					return fail(err)
				}
				path = out
			}
			done, err := trace.Repair(path)
			if err != nil {
				return fail(err)
			}
			return fail(printRepaired(cmd.OutOrStdout(), path, done))
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "repair a copy, which must not exist yet, and leave FILE as it is")
	return cmd
}

// copyFile copies a file to one that does not exist yet.
func copyFile(to, from string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("cannot read the trace: %w", err)
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already: name another file with --out", to)
	}
	if err != nil {
		return fmt.Errorf("cannot create --out: %w", err)
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if _, err = io.Copy(dst, src); err != nil {
		return fmt.Errorf("cannot copy to --out: %w", err)
	}
	return nil
}

func printRepaired(w io.Writer, path string, done trace.Repaired) error {
	if done.Whole {
		_, err := fmt.Fprintf(w, "%s is in order: %d events in %d blocks\n", path, done.Records, done.Blocks)
		return err
	}
	_, err := fmt.Fprintf(w, "%s is repaired: %d events in %d blocks are kept; %s were damaged and are passed over, %s were cut off at the end\n",
		path, done.Records, done.Blocks, formatSize(done.Skipped), formatSize(done.Removed))
	return err
}
