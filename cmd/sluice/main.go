// Command sluice shows the engine at work, and serves as a client of its own:
//
//	sluice demo   the engine against a gateway in a second process, with figures
//	sluice run    the engine against Discord, or any gateway, events as JSON lines
//	sluice serve  the engine against Discord, and a gateway for bots in front of it
//	sluice mock   the gateway to test against, for bots in any language
//	sluice record what run receives, in a file
//	sluice replay the gateway with what was recorded
//	sluice trace  look at such files, redact, cut, repair and import them
//	sluice top    a running bot in the terminal
//
// Exit status: 0 when all went well or a signal ended the command, 1 when it
// failed, 2 when it was called wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine"
)

func main() {
	ignoreBrokenPipes()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills
	os.Exit(execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// execute runs one command and returns the exit status.
func execute(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var failed *failure
	if errors.As(err, &failed) {
		for _, line := range describe(failed) {
			_, _ = fmt.Fprintf(errOut, "sluice: %s\n", line)
		}
		return 1
	}
	_, _ = fmt.Fprintf(errOut, "sluice: %v\nTry '%s --help'.\n", err, cmd.CommandPath())
	return 2
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "sluice",
		Short: "A Discord gateway engine for very large bots",
		Long: `A Discord gateway engine for very large bots.

A bot of several processes has a command of its own, sluice-fleet:
go install github.com/sluice-go/sluice/fleet/cmd/sluice-fleet@latest`,
		Version:       engine.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp(root))
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(newDemo(), newRun(), newServe(), newMock(), newRecord(), newReplay(), newTrace(), newTop())
	return root
}

// newHelp returns the command help, which refuses what is no command.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Show the help of a command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("unknown command %q", harmless(strings.Join(args, " ")))
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}

// noArgs refuses arguments that are no flags, with a hint at what was meant.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !cmd.HasSubCommands() {
		return fmt.Errorf("unexpected argument %q: %s takes flags only", harmless(args[0]), cmd.CommandPath())
	}
	hint := ""
	if args[0] == "fleet" && cmd == cmd.Root() {
		hint = fleetHint
	} else if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q%s", harmless(args[0]), hint)
}

// fleetHint tells who looks for fleets here that they have a command of their own.
const fleetHint = ": a bot of several processes is run by sluice-fleet (docs/fleet.md)"

// harmless returns an argument as it may be printed: a URL may have a password in it.
func harmless(arg string) string {
	if strings.ContainsAny(arg, "@?") {
		return "…"
	}
	return arg
}
