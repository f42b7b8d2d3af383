package main

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

// mockProcess is the gateway as a child process. It ends when its standard input
// does, so it cannot outlive this process, however that ends.
type mockProcess struct {
	command *exec.Cmd
	input   io.WriteCloser
	answers chan []byte // lines; closed at the end
	hello   mockHello
}

// errMockEnded says that the child is gone; what it wrote to standard error says
// why.
var errMockEnded = errors.New("the mock gateway, which is a child process, ended unexpectedly; what it reported stands above")

// startMock starts this program's mock command and waits for its hello.
func startMock(ctx context.Context, args []string, errOut io.Writer) (*mockProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find this program to start the mock gateway: %w", err)
	}
	m := &mockProcess{command: exec.Command(self, args...), answers: make(chan []byte)}
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
		m.stop()
		return nil, err
	}
	return m, nil
}

func (m *mockProcess) read(output io.Reader) {
	defer close(m.answers)
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, maxAnswerLine)
	for lines.Scan() {
		m.answers <- append([]byte(nil), lines.Bytes()...)
	}
}

// answer waits for a line and decodes it.
func (m *mockProcess) answer(ctx context.Context, limit time.Duration, into any) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case line, ok := <-m.answers:
		if !ok {
			return errMockEnded
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

// quiesce ends the traffic, and returns when what was begun is written.
func (m *mockProcess) quiesce() error { return m.request(quiesceRequest, &struct{}{}) }

// report asks what was written.
func (m *mockProcess) report() (*gatewaytest.Report, error) {
	report := &gatewaytest.Report{}
	return report, m.request(reportRequest, report)
}

// endChaos ends the faults of --chaos.
func (m *mockProcess) endChaos() error { return m.request(endChaosRequest, &struct{}{}) }

// drop cuts every connection, and returns how many there were.
func (m *mockProcess) drop() (int, error) {
	var answer dropAnswer
	err := m.request(dropRequest, &answer)
	return answer.Dropped, err
}

func (m *mockProcess) request(line string, into any) error {
	if _, err := io.WriteString(m.input, line+"\n"); err != nil {
		return errMockEnded
	}
	return m.answer(context.Background(), 2*quiesceTimeout, into)
}

// stop ends the child.
func (m *mockProcess) stop() {
	_ = m.input.Close()
	timer := time.AfterFunc(childStop, func() { _ = m.command.Process.Kill() })
	defer timer.Stop()
	for range m.answers {
		// The reader must not be left blocked.
	}
	_ = m.command.Wait()
}
