//go:build !plan9 && !aix

// Command sluice-fleet runs a process of a fleet, looks at fleets and gives them orders, and shows
// what becomes of one when its processes are killed, stopped, cut off and replaced:
//
//	sluice-fleet node    run a share of a bot's shards, events as counts
//	sluice-fleet serve   the same, and be the gateway for bots in any language
//	sluice-fleet status  who runs how many shards
//	sluice-fleet drain   have a process hand its shards to the others and end
//	sluice-fleet move    hand one shard to a process
//	sluice-fleet reshard change the number of shards without a gap
//	sluice-fleet events  what the processes tell
//	sluice-fleet demo    a gateway and a fleet as processes of their own, and one scenario
//
// The token is DISCORD_TOKEN of the environment, never an argument. Exit status: 0 when all went
// well or a signal ended the command, 1 when it failed, 2 when it was called wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/internal/flags"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills
	root := &cobra.Command{
		Use: "sluice-fleet", Short: "Many processes as one Discord bot", Version: engine.Version,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(newNode(), newServe(), newDemo(), newStatus(), newDrain(), newMove(), newReshard(), newEvents(), newGateway(), newNATS())
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return
	}
	_, _ = fmt.Fprintf(os.Stderr, "sluice-fleet: %s\n", plain(err))
	var failed *failure
	if errors.As(err, &failed) {
		os.Exit(1)
	}
	_, _ = fmt.Fprintf(os.Stderr, "Try '%s --help'.\n", cmd.CommandPath())
	os.Exit(2)
}

// failure is what went wrong once a command was called rightly.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail marks an error, nil stays nil.
func fail(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return &failure{err}
}

// token returns DISCORD_TOKEN.
func token() (engine.Token, error) {
	text := os.Getenv("DISCORD_TOKEN")
	if text == "" {
		return engine.Token{}, errors.New("DISCORD_TOKEN is empty; set it to the bot's token")
	}
	return engine.NewToken(text), nil
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
