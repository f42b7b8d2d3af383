package child

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
)

const (
	// childStart is how long the child may take to say hello: it encodes traffic
	// first.
	childStart = 60 * time.Second

	// childStop is how long it may take to end once its standard input has ended.
	childStop = 5 * time.Second

	// maxAnswerLine bounds a line of the child's: a report of 100,000 shards.
	maxAnswerLine = 64 << 20
)

// Gateway is the gateway to test against as a child process. It ends when its standard input
// does, so it cannot outlive this process, however that ends.
type Gateway struct {
	command *exec.Cmd
	input   io.WriteCloser
	answers chan []byte // lines; closed at the end
	hello   Hello
}

// ErrEnded says that the child is gone; what it wrote to standard error says
// why.
var ErrEnded = errors.New("the mock gateway, which is a child process, ended unexpectedly; what it reported stands above")

// Start starts this program's mock command with arguments, and waits for its hello. What
// it writes to standard error goes to errOut.
func Start(ctx context.Context, args []string, errOut io.Writer) (*Gateway, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program to start the mock gateway: %w", err)
	}
	m := &Gateway{command: exec.Command(self, args...), answers: make(chan []byte)}
	m.command.Stderr = errOut
	inNewGroup(m.command)
	if m.input, err = m.command.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := m.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := m.command.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the mock gateway: %w", err)
	}
	go m.read(output)
	if err := m.answer(ctx, childStart, &m.hello); err != nil {
		m.Stop()
		return nil, err
	}
	return m, nil
}

func (m *Gateway) read(output io.Reader) {
	defer close(m.answers)
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, maxAnswerLine)
	for lines.Scan() {
		m.answers <- append([]byte(nil), lines.Bytes()...)
	}
}

// answer waits for a line and decodes it.
func (m *Gateway) answer(ctx context.Context, limit time.Duration, into any) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case line, ok := <-m.answers:
		if !ok {
			return ErrEnded
		}
		if err := json.Unmarshal(line, into); err != nil {
			return fmt.Errorf("the mock gateway's answer makes no sense: %w", err)
		}
		return nil
	case <-ctx.Done():
		return errors.New("ended by a signal before the mock gateway had started")
	case <-timer.C:
		return fmt.Errorf("the mock gateway did not answer within %v", limit)
	}
}

// Quiesce ends the traffic, and returns when what was begun is written.
func (m *Gateway) Quiesce() error { return m.request(quiesceRequest, &struct{}{}) }

// Report asks what was written.
func (m *Gateway) Report() (*gatewaytest.Report, error) {
	report := &gatewaytest.Report{}
	return report, m.request(reportRequest, report)
}

// EndChaos ends the faults of --chaos.
func (m *Gateway) EndChaos() error { return m.request(endChaosRequest, &struct{}{}) }

// Drop cuts every connection, and returns how many there were.
func (m *Gateway) Drop() (int, error) {
	var answer dropAnswer
	err := m.request(dropRequest, &answer)
	return answer.Dropped, err
}

func (m *Gateway) request(line string, into any) error {
	if _, err := io.WriteString(m.input, line+"\n"); err != nil {
		return ErrEnded
	}
	return m.answer(context.Background(), 2*quiesceTimeout, into)
}

// Stop ends the child.
func (m *Gateway) Stop() {
	_ = m.input.Close()
	timer := time.AfterFunc(childStop, func() { _ = m.command.Process.Kill() })
	defer timer.Stop()
	for range m.answers {
		// The reader must not be left blocked.
	}
	_ = m.command.Wait()
}

// Hello returns what the child said first.
func (m *Gateway) Hello() Hello { return m.hello }

// Ended returns a channel that brings something when the child ends, or says what it was
// not asked.
func (m *Gateway) Ended() <-chan []byte { return m.answers }
