package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet"
	"github.com/sluice-go/sluice/gatewaytest"
)

// Options are those of a demo.
type Options struct {
	Scenario        string
	Nodes, Shards   int
	Rate            float64
	NATS            string // "embedded" or "external"
	Pause, Duration time.Duration
	Cut             string
	ReshardTo       int
	Lease           time.Duration
	SaveEvery       time.Duration
	Seed            uint64
	Calm            bool      // chaos without faults of the gateway's
	Publish         bool      // all events go to a JetStream stream, which is held against the gateway too
	Out             io.Writer // what happens, for people
}

// stage is the processes.
type stage struct {
	Options
	self, dir string
	rng       *rand.Rand
	gateway   *gatewayProcess
	nats      *exec.Cmd
	natsURL   string
	ports     []string // of embedded servers: client and cluster address of each node in turn
	total     int      // shards that are to be ready

	mu    sync.Mutex
	nodes []*process // that run
	files []string   // deliveries of all there ever were
	born  int
}

// setUp starts everything and waits until all shards are ready.
func setUp(ctx context.Context, o Options) (st *stage, err error) {
	st = &stage{Options: o, rng: rand.New(rand.NewPCG(o.Seed, 1)), total: o.Shards}
	if st.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if st.dir, err = os.MkdirTemp("", "sluice-fleet-*"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			st.tearDown()
		}
	}()
	most := max(o.Shards, o.ReshardTo)
	g := GatewayOptions{Shards: o.Shards, MaxConcurrency: most, Rate: o.Rate}
	if o.Scenario == "chaos" && !o.Calm {
		g.ChaosSeed = o.Seed
	}
	if st.gateway, err = startGateway(st.self, g); err != nil {
		return st, err
	}
	if o.NATS == "external" {
		if err = st.startNATS(""); err != nil {
			return st, err
		}
		if err = st.makeStream(ctx); err != nil {
			return st, err
		}
	} else if err = st.choosePorts(); err != nil {
		return st, err
	}
	for slot := range o.Nodes {
		if _, err = st.start(slot, ""); err != nil {
			return st, err
		}
	}
	return st, st.allReady(ctx, 3*time.Minute)
}

// startNATS starts the server that is a process of its own, at an address or a free port.
func (st *stage) startNATS(listen string) error {
	st.nats = exec.Command(st.self, "nats", "--dir="+filepath.Join(st.dir, "nats"), "--listen="+listen)
	ownGroup(st.nats)
	out, err := st.nats.StdoutPipe()
	if err != nil {
		return err
	}
	if err := st.nats.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return errors.New("the NATS server's process has ended")
	}
	st.natsURL = strings.TrimSpace(line)
	return nil
}

// stopNATS kills the server; lose removes its files.
func (st *stage) stopNATS(lose bool) {
	_ = st.nats.Process.Kill()
	_ = st.nats.Wait()
	if lose {
		_ = os.RemoveAll(filepath.Join(st.dir, "nats"))
	}
}

// choosePorts finds free ports for the embedded servers.
func (st *stage) choosePorts() error {
	for range 2 * st.Nodes {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		st.ports = append(st.ports, l.Addr().String())
	}
	return nil
}

// admin calls do with an Admin of the fleet.
func (st *stage) admin(ctx context.Context, do func(*fleet.Admin) error) error {
	var urls []string
	if st.NATS == "external" {
		urls = []string{st.natsURL}
	} else {
		for i := 0; i < len(st.ports); i += 2 {
			urls = append(urls, "nats://"+st.ports[i])
		}
	}
	conn, err := nats.Connect(strings.Join(urls, ","), nats.Timeout(2*time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	a, err := fleet.Open(ctx, conn, engine.NewToken(st.gateway.hello.Token))
	if err != nil {
		return err
	}
	return do(a)
}

// status reads how the fleet stands.
func (st *stage) status(ctx context.Context) (s fleet.Status, err error) {
	err = st.admin(ctx, func(a *fleet.Admin) error {
		s, err = a.Status(ctx)
		return err
	})
	return s, err
}

// ready counts the shards that are ready.
func ready(s fleet.Status) (n int) {
	for _, node := range s.Nodes {
		n += node.Ready
	}
	return n
}

// allReady waits until every shard is.
func (st *stage) allReady(ctx context.Context, limit time.Duration) error {
	var s fleet.Status
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		if s, err = st.status(ctx); err == nil && ready(s) == st.total && len(s.Free) == 0 && s.Phase == "" {
			return nil
		}
		for _, p := range st.nodes {
			select {
			case <-p.ended:
				return fmt.Errorf("%s has ended: %s", p.name, p.errs.String())
			default:
			}
		}
	}
	for _, p := range st.nodes {
		fmt.Fprintf(st.Out, "%s: %s\n", p.name, p.errs.String())
	}
	return fmt.Errorf("after %v %d of %d shards are ready (%v)", limit, ready(s), st.total, err)
}

// even waits, after allReady, until every process has its share.
func (st *stage) even(ctx context.Context) error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		s, err := st.status(ctx)
		if err != nil || ready(s) != st.total {
			continue
		}
		low, high := s.Nodes[0].Ready, s.Nodes[0].Ready
		for _, n := range s.Nodes {
			low, high = min(low, n.Ready), max(high, n.Ready)
		}
		if high-low <= 1 && len(s.Nodes) == len(st.nodes) {
			return nil
		}
	}
	return errors.New("the shards are not spread evenly within a minute")
}

// tearDown ends everything.
func (st *stage) tearDown() {
	for _, p := range st.nodes {
		_ = p.command.Process.Kill()
		<-p.ended
	}
	if st.nats != nil && st.nats.Process != nil {
		st.stopNATS(true)
	}
	if st.gateway != nil {
		st.gateway.stop()
	}
	_ = os.RemoveAll(st.dir)
}

// finish ends the traffic and the processes, and counts.
func (st *stage) finish(ctx context.Context, r *Result, before *gatewaytest.Report, began time.Time) error {
	if err := st.allReady(ctx, 10*time.Second); err != nil { // some may be on their way, to be spread evenly
		r.Notes = append(r.Notes, err.Error())
	}
	s, err := st.status(ctx)
	if err != nil {
		return err
	}
	r.Ready, r.Shards = ready(s), s.Total
	if err := st.gateway.ask("quiesce", &struct{}{}); err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // what is written is on its way
	after, err := st.gateway.report()
	if err != nil {
		return err
	}
	for _, p := range append([]*process(nil), st.nodes...) {
		if err := st.term(ctx, p); err != nil && ctx.Err() == nil {
			r.Notes = append(r.Notes, err.Error())
		}
	}
	all, err := readDeliveries(st.files)
	if err != nil {
		return err
	}
	r.count(before, after, all, began)
	return st.countStream(ctx, r, after)
}
