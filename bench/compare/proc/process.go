package proc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// AnswerTime is how long a process may take to answer an order: a client that
	// is flooded may be slow to look at its orders.
	AnswerTime = 20 * time.Second

	// exitTime is how long it may take to exit when its standard input has ended.
	exitTime = 10 * time.Second

	// MaxLine bounds an answer.
	MaxLine = 4 << 20
)

// Process is a client or the gateway: it takes orders and answers with JSON lines.
type Process struct {
	Name    string // in errors
	command *exec.Cmd
	orders  io.WriteCloser
	answers chan []byte // closed when standard output ends
	errors  tail

	counters counters
}

// Start starts a process on one core, or on all if core is negative.
func Start(ctx context.Context, name string, core int, env, command []string) (*Process, error) {
	p := &Process{Name: name, command: exec.CommandContext(ctx, command[0], command[1:]...), answers: make(chan []byte)}
	p.command.Env = append(os.Environ(), env...)
	p.command.Stderr = &p.errors
	var err error
	if p.orders, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := OnCore(core, p.command.Start); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	go func() {
		defer close(p.answers)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, MaxLine)
		for lines.Scan() {
			p.answers <- append([]byte(nil), lines.Bytes()...)
		}
	}()
	return p, nil
}

func (p *Process) pid() int { return p.command.Process.Pid }

// Order sends an order.
func (p *Process) Order(order string) error {
	if _, err := io.WriteString(p.orders, order+"\n"); err != nil {
		return p.Failure(err.Error())
	}
	return nil
}

// Ask sends an order and decodes the answer.
func (p *Process) Ask(order string, into any) error {
	if err := p.Order(order); err != nil {
		return err
	}
	return p.Answer(into)
}

// Answer decodes the next line.
func (p *Process) Answer(into any) error {
	timer := time.NewTimer(AnswerTime)
	defer timer.Stop()
	select {
	case line, ok := <-p.answers:
		if !ok {
			return p.Failure("ended")
		}
		if err := json.Unmarshal(line, into); err != nil {
			return p.Failure(err.Error())
		}
		return nil
	case <-timer.C:
		return p.Failure(fmt.Sprintf("no answer within %v", AnswerTime))
	}
}

// Failure names the process, and what it said itself.
func (p *Process) Failure(what string) error {
	if said := p.errors.last(); said != "" {
		what += ": " + said
	}
	return errors.New(p.Name + ": " + what)
}

// Kill ends a process that takes no orders.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // it may have ended
	_, _ = p.Stop()              // it was killed
}

// Stop ends the orders, waits for the end, and returns what the process used in
// its whole life.
func (p *Process) Stop() (Lifetime, error) {
	p.orders.Close()
	p.counters.close()
	timer := time.AfterFunc(exitTime, func() { p.command.Process.Kill() })
	defer timer.Stop()
	for range p.answers {
		// What it says last, it has said before.
	}
	err := p.command.Wait()
	state := p.command.ProcessState
	if state == nil {
		return Lifetime{}, err
	}
	used := Lifetime{User: state.UserTime().Seconds(), System: state.SystemTime().Seconds()}
	used.addUsage(state)
	if err != nil {
		return used, p.Failure(err.Error())
	}
	return used, nil
}

// Lifetime is the kernel's account of a process that has ended.
type Lifetime struct {
	User        float64 `json:"user_s"`
	System      float64 `json:"system_s"`
	PeakRSS     int64   `json:"peak_rss"` // bytes
	Voluntary   int64   `json:"voluntary"`
	Involuntary int64   `json:"involuntary"`
}

// tail keeps the last of what a process says on standard error.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	const limit = 4096
	t.text = append(t.text, b...)
	if len(t.text) > limit {
		t.text = append([]byte(nil), t.text[len(t.text)-limit:]...)
	}
	return len(b), nil
}

// last returns the last line.
func (t *tail) last() string {
	text := strings.TrimSpace(string(t.text))
	return text[strings.LastIndexByte(text, '\n')+1:]
}
