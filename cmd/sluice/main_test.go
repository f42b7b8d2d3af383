package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// asProgram in the environment makes the test binary the program, so that
	// the demo's child process and signals are real.
	asProgram = "SLUICE_TEST_AS_PROGRAM"

	// brokenMock in the environment has the program be a mock that does not work.
	brokenMock = "SLUICE_TEST_BROKEN_MOCK"

	// patience is how long a test waits for what must happen.
	patience = 60 * time.Second
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	if len(os.Args) > 1 && os.Args[1] == "mock" {
		switch os.Getenv(brokenMock) {
		case "dies":
			fmt.Fprintln(os.Stderr, "mock: no room for me")
			os.Exit(3)
		case "babbles":
			fmt.Println("hello?")
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}
	}
	main()
}

// process is the program under test.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *output
	stderr *output
	done   chan struct{}
	status int // once done is closed
}

// prepare returns a process that has not been started.
func prepare(t *testing.T, token string, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(self, args...), stdout: newOutput(), stderr: newOutput(), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "DISCORD_TOKEN="+token)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	p.cmd.WaitDelay = 10 * time.Second
	return p
}

func start(t *testing.T, token string, args ...string) *process {
	t.Helper()
	p := prepare(t, token, args...)
	p.start()
	return p
}

func (p *process) start() {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		p.status = p.cmd.ProcessState.ExitCode()
		close(p.done)
	}()
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		if p.t.Failed() {
			p.t.Logf("standard error of %q:\n%s", p.cmd.Args[1:], p.stderr)
		}
	})
}

// startPiped starts the process with its standard output in a pipe, and returns
// the end that the test reads, or does not read.
func (p *process) startPiped() *os.File {
	p.t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = reader.Close() })
	p.cmd.Stdout = writer
	p.start()
	_ = writer.Close()
	return reader
}

// wait waits for the end and returns the exit status, -1 after a signal's death.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%q did not end", p.cmd.Args[1:])
	}
	return p.status
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// output collects what a process writes.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // closed and replaced at each write
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// lines returns the whole lines.
func (o *output) lines() []string {
	text := o.String()
	end := strings.LastIndexByte(text, '\n')
	if end < 0 {
		return nil
	}
	return strings.Split(text[:end], "\n")
}

// await waits until the output is as wanted.
func (o *output) await(t *testing.T, what string, is func(*output) bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		o.mu.Lock()
		changed := o.changed
		o.mu.Unlock()
		if is(o) {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("never saw %s in:\n%.2000s", what, o)
		}
	}
}

// awaitText waits for a text.
func (o *output) awaitText(t *testing.T, text string) {
	t.Helper()
	o.await(t, fmt.Sprintf("%q", text), func(o *output) bool { return strings.Contains(o.String(), text) })
}

// eventually polls for what no channel tells of.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// wantText fails unless text holds all parts.
func wantText(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("want %q in:\n%s", part, text)
		}
	}
}

// skipShort leaves a test of seconds out of short runs.
func skipShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds")
	}
}
