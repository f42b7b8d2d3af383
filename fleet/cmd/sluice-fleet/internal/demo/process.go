package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice-go/sluice/fleet/internal/relay"
	"github.com/sluice-go/sluice/gateway"
)

// process is one of the fleet's.
type process struct {
	command *exec.Cmd
	name    string
	slot    int
	relay   *relay.Relay // nil: it reaches NATS directly
	ended   chan struct{}
	errs    bytes.Buffer
}

// start starts a process in a slot, which names its embedded server and that one's files.
func (st *stage) start(slot int, replaces string) (*process, error) {
	st.mu.Lock()
	st.born++
	p := &process{name: fmt.Sprintf("node-%d", st.born), slot: slot, ended: make(chan struct{})}
	file := filepath.Join(st.dir, p.name+".deliveries")
	st.files = append(st.files, file)
	st.mu.Unlock()
	args := []string{"node", "--api-url=" + st.gateway.hello.APIURL, "--name=" + p.name, "--replaces=" + replaces,
		fmt.Sprintf("--intents=%d", gateway.IntentsAll), "--lease=" + st.Lease.String(), "--save-every=" + st.SaveEvery.String(),
		"--deliveries=" + file}
	if st.Publish {
		args = append(args, "--publish="+prefix, "--stream=all")
	}
	if st.NATS == "external" {
		url := st.natsURL
		if st.Scenario == "cut" || st.Scenario == "chaos" {
			var err error
			if p.relay, err = relay.Start(strings.TrimPrefix(url, "nats://")); err != nil {
				return nil, err
			}
			url = "nats://" + p.relay.Addr()
		}
		args = append(args, "--nats="+url)
	} else {
		args = append(args, "--embedded", fmt.Sprintf("--dir=%s/nats-%d", st.dir, slot), "--replicas="+map[bool]string{true: "3", false: "1"}[st.Nodes >= 3],
			"--listen="+st.ports[2*slot], "--cluster="+st.ports[2*slot+1])
		for other := range st.Nodes {
			if other != slot {
				args = append(args, "--join="+st.ports[2*other+1])
			}
		}
	}
	p.command = exec.Command(st.self, args...)
	p.command.Env = append(os.Environ(), "DISCORD_TOKEN="+st.gateway.hello.Token)
	p.command.Stderr = &p.errs
	ownGroup(p.command)
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.command.Wait()
		close(p.ended)
	}()
	st.mu.Lock()
	st.nodes = append(st.nodes, p)
	st.mu.Unlock()
	return p, nil
}

// forget takes a process off the list.
func (st *stage) forget(p *process) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for i, o := range st.nodes {
		if o == p {
			st.nodes = append(st.nodes[:i:i], st.nodes[i+1:]...)
		}
	}
}

// kill ends a process at once.
func (st *stage) kill(p *process) {
	_ = p.command.Process.Kill()
	<-p.ended
	st.forget(p)
}

// term has a process drain, and waits for its end.
func (st *stage) term(ctx context.Context, p *process) error {
	_ = p.command.Process.Signal(signalTerm)
	return st.awaitEnd(ctx, p)
}

func (st *stage) awaitEnd(ctx context.Context, p *process) error {
	select {
	case <-p.ended:
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Minute):
		return fmt.Errorf("%s does not end", p.name)
	}
	st.forget(p)
	if code := p.command.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s ended with %d: %s", p.name, code, p.errs.String())
	}
	return nil
}
