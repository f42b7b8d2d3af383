package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/gatewaytest"
)

// programPatience is how long a program may take to end once a signal has ended the mock: longer than an
// engine takes at most.
const programPatience = 15 * time.Second

// programArgs accepts a command line behind "--" and nothing else.
func programArgs(cmd *cobra.Command, args []string) error {
	if cmd.ArgsLenAtDash() == 0 {
		return nil
	}
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q: put -- in front of a program that is to be run", harmless(args[0]))
	}
	return nil
}

// runProgram runs a bot's program until it ends. Its environment has what it needs to find the server.
// After a signal it has programPatience to end by itself.
func (o *mockOptions) runProgram(ctx context.Context, server *gatewaytest.Server, line []string, in io.Reader, out, errOut io.Writer) error {
	program := exec.CommandContext(ctx, line[0], line[1:]...)
	program.Stdin, program.Stdout, program.Stderr = in, out, errOut
	program.Env = append(os.Environ(), o.environment(server)...)
	program.WaitDelay = programPatience
	// SIGINT is not passed on: a terminal sends it to the program too, and a second one would kill many.
	program.Cancel = func() error { return nil }
	if err := program.Start(); err != nil {
		return err
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	defer signal.Stop(terminated)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case s := <-terminated:
			_ = program.Process.Signal(s) // it may have ended
		case <-ended:
		}
	}()
	if err := program.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w", filepath.Base(line[0]), err)
	}
	return nil
}

// environment returns the variables by which a program finds the server.
func (o *mockOptions) environment(server *gatewaytest.Server) []string {
	env := []string{
		"DISCORD_TOKEN=" + server.Token(),
		"DISCORD_API_URL=" + server.APIURL(),
		"DISCORD_GATEWAY_URL=" + o.gatewayURL(server),
	}
	if o.caOut != "" {
		env = append(env, "SSL_CERT_FILE="+o.caOut, "NODE_EXTRA_CA_CERTS="+o.caOut) // of Go and OpenSSL, and of Node
	}
	return env
}
