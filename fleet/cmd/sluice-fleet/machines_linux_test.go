package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet"
	"github.com/sluice-go/sluice/fleet/cmd/sluice-fleet/internal/demo"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// machines are network namespaces with an address each, joined by a bridge: as near to several
// machines as one comes.
type machines struct {
	t      *testing.T
	tag    string
	subnet string
	count  int
}

// ip runs a command of iproute2.
func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func newMachines(t *testing.T) *machines {
	t.Helper()
	n := os.Getpid() % 250
	m := &machines{t: t, tag: fmt.Sprintf("sf%d", n), subnet: fmt.Sprintf("10.213.%d.", n)}
	t.Cleanup(func() { _ = ip("link", "del", m.tag+"b") })
	for _, args := range [][]string{
		{"link", "add", m.tag + "b", "type", "bridge"},
		{"addr", "add", m.host() + "/24", "dev", m.tag + "b"},
		{"link", "set", m.tag + "b", "up"},
	} {
		if err := ip(args...); err != nil {
			t.Skipf("network namespaces cannot be made here (it takes root and iproute2): %v", err)
		}
	}
	return m
}

// host is the address of this process's own namespace.
func (m *machines) host() string { return m.subnet + "1" }

func (m *machines) space(i int) string { return fmt.Sprintf("%sn%d", m.tag, i) }
func (m *machines) link(i int) string  { return fmt.Sprintf("%sv%d", m.tag, i) }

// add makes a machine.
func (m *machines) add() (i int) {
	m.t.Helper()
	i = m.count
	m.count++
	ns, near, far := m.space(i), m.link(i), fmt.Sprintf("%sw%d", m.tag, i)
	m.t.Cleanup(func() { _ = ip("netns", "del", ns) })
	for _, args := range [][]string{
		{"netns", "add", ns},
		{"link", "add", near, "type", "veth", "peer", "name", far},
		{"link", "set", far, "netns", ns},
		{"link", "set", near, "master", m.tag + "b"},
		{"link", "set", near, "up"},
		{"-n", ns, "addr", "add", fmt.Sprintf("%s%d/24", m.subnet, 10+i), "dev", far},
		{"-n", ns, "link", "set", far, "up"},
		{"-n", ns, "link", "set", "lo", "up"},
	} {
		if err := ip(args...); err != nil {
			m.t.Skipf("network namespaces cannot be made here (it takes root and iproute2): %v", err)
		}
	}
	return i
}

// TestMachines: three machines; the cable of one is pulled, and put back in. The others take its
// shards over, it gives them up when it is back, and nothing is lost.
func TestMachines(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	m := newMachines(t)
	const shards = 9
	srv := gatewaytest.NewServer(t, gatewaytest.WithListen(m.host()+":0"), gatewaytest.WithTLS(false),
		gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithTraffic(5), gatewaytest.WithGuilds(1, 0),
		gatewaytest.WithReplayLimit(10_000))
	server, err := embedded.Start(embedded.Config{Dir: t.TempDir(), Listen: m.host() + ":0"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var files []string
	var nodes []*exec.Cmd
	for range 3 {
		i := m.add()
		file := filepath.Join(dir, fmt.Sprint(i))
		files = append(files, file)
		c := exec.Command("ip", "netns", "exec", m.space(i), self, "node", fmt.Sprintf("--name=machine-%d", i), "--nats="+server.URL(),
			"--api-url="+srv.APIURL(), fmt.Sprintf("--intents=%d", gateway.IntentsAll), "--deliveries="+file)
		c.Env = append(os.Environ(), "DISCORD_TOKEN="+srv.Token())
		c.Stderr = t.Output()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, c)
		defer func() {
			_ = c.Process.Kill()
			_ = c.Wait()
		}()
	}
	conn, err := nats.Connect(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	until := func(what string, is func(map[string]int) bool) {
		t.Helper()
		last := ""
		for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
			a, err := fleet.Open(t.Context(), conn, engine.NewToken(srv.Token()))
			if err != nil {
				continue
			}
			s, err := a.Status(t.Context())
			if last = fmt.Sprintf("%+v, %v", s, err); err != nil || len(s.Free) > 0 {
				continue
			}
			ready := map[string]int{}
			for _, n := range s.Nodes {
				ready[n.Name] = n.Ready
			}
			if is(ready) {
				return
			}
		}
		t.Fatalf("%s: did not come; %s", what, last)
	}
	even := func(ready map[string]int) bool {
		return ready["machine-0"] == 3 && ready["machine-1"] == 3 && ready["machine-2"] == 3
	}
	until("an even spread", even)
	identifies := srv.Report().Identifies

	if err := ip("link", "set", m.link(1), "down"); err != nil {
		t.Fatal(err)
	}
	pulled := time.Now()
	until("the takeover", func(ready map[string]int) bool { return ready["machine-0"]+ready["machine-2"] == shards })
	t.Logf("taken over %v after the cable was pulled", time.Since(pulled).Round(10*time.Millisecond))
	if err := ip("link", "set", m.link(1), "up"); err != nil {
		t.Fatal(err)
	}
	until("an even spread", even)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := srv.Quiesce(ctx); err != nil {
		t.Fatal(err)
	}
	lost, doubled := -1, 0
	for limit := time.Now().Add(10 * time.Second); lost != 0 && time.Now().Before(limit); time.Sleep(100 * time.Millisecond) {
		report := srv.Report()
		if lost, doubled, err = demo.Compare(&report, files); err != nil {
			t.Fatal(err)
		}
	}
	r := srv.Report()
	t.Logf("%d lost, %d twice, %d resumes", lost, doubled, r.Resumes)
	if lost != 0 || r.Identifies != identifies || r.EarlyIdentifies != 0 {
		t.Errorf("%d events are lost, %d identified again", lost, r.Identifies-identifies)
	}
	for _, c := range nodes {
		_ = c.Process.Signal(os.Interrupt)
	}
}
