package clients

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
)

// A line is what a program says:
//
//	{"e":"ready","guilds":2}                      the client is ready; so many guilds
//	{"e":"guild","id":"1","channels":3}           a guild has come, with so many channels and threads
//	{"e":"message","id":"1"}                      MESSAGE_CREATE
//	{"e":"resumed"}                               RESUMED
//	{"e":"log","level":"warning","text":"…"}      a line of the client's log: warning or error
//	{"e":"stopped","text":"…"}                    the client has given up
//	{"e":"bye"}                                   it has shut down, for it was told to
type line struct {
	E        string `json:"e"`
	ID       string `json:"id"`
	Guilds   int    `json:"guilds"`
	Channels int    `json:"channels"`
	Level    string `json:"level"`
	Text     string `json:"text"`

	at time.Time
}

// program is a client that runs.
type program struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ended chan struct{}

	mu      sync.Mutex
	changed chan struct{}
	lines   []line
	stderr  strings.Builder
}

// A place is where a program finds a gateway and its REST API.
type place struct {
	api, gateway string // URLs
	token        string
	pem          []byte // what to trust; nil without TLS
}

func placeOf(srv *gatewaytest.Server) place {
	return place{srv.APIURL(), srv.URL(), srv.Token(), srv.CertPEM()}
}

// start runs the client's program against a gateway until the test ends. No compression is its default.
func (c *client) start(t *testing.T, at place, compression string) *program {
	t.Helper()
	dir := c.family.installed(t)
	command := c.command(dir)
	p := &program{cmd: exec.Command(command[0], command[1:]...), ended: make(chan struct{}), changed: make(chan struct{})}
	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(),
		"API_URL="+at.api, "GATEWAY_URL="+at.gateway, "DISCORD_TOKEN="+at.token, "COMPRESSION="+compression, "NO_COLOR=1")
	if at.pem != nil {
		ca := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(ca, at.pem, 0o644); err != nil {
			t.Fatal(err)
		}
		p.cmd.Env = append(p.cmd.Env, "SSL_CERT_FILE="+ca, "NODE_EXTRA_CA_CERTS="+ca)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stderr := logTo(t, "client-stderr")
	p.cmd.Stderr = writer(func(b []byte) {
		_, _ = stderr.Write(b) // only for a person to read
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.stderr.Len() < 1<<16 {
			p.stderr.Write(b)
		}
	})
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(io.TeeReader(out, logTo(t, "client")))
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Logf("stderr: %s", p.stderr.String())
		}
	})
	return p
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

func (p *program) read(out io.Reader) {
	defer close(p.ended)
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			l = line{E: "log", Level: "warning", Text: scanner.Text()} // a library that prints
		}
		l.at = time.Now()
		p.mu.Lock()
		p.lines = append(p.lines, l)
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
	}
	p.cmd.Wait() // it was killed, or said bye
}

// said returns the lines with a name.
func (p *program) said(name string) (lines []line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		if l.E == name {
			lines = append(lines, l)
		}
	}
	return lines
}

// messages returns the ids of the messages that the client has seen.
func (p *program) messages() (ids []string) {
	for _, l := range p.said("message") {
		ids = append(ids, l.ID)
	}
	return ids
}

// complaints returns what the client's log says.
func (p *program) complaints() (texts []string) {
	for _, l := range p.said("log") {
		texts = append(texts, l.Level+": "+l.Text)
	}
	return slices.Compact(texts)
}

var errEnded = errors.New("the program has ended")

// until waits until the condition, which can change with each line, is true.
func (p *program) until(ctx context.Context, condition func() bool) error {
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if condition() {
			return nil
		}
		select {
		case <-changed:
		case <-p.ended:
			if condition() {
				return nil
			}
			return errEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// quit has the client shut down, as its users have it, and waits for it.
func (p *program) quit(ctx context.Context) error {
	if _, err := io.WriteString(p.stdin, "quit\n"); err != nil {
		return err
	}
	return p.until(ctx, func() bool { return len(p.said("bye")) > 0 })
}

// wait returns a context for what takes some seconds at most, even on a machine that has much else to do.
func wait(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
