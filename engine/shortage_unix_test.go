//go:build unix

package engine_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gatewaytest"
)

// shortEnv in the environment has the test binary be a bot with few descriptors: it holds
// the address of the gateway.
const shortEnv = "SLUICE_TEST_SHORT_OF_DESCRIPTORS"

// fewBot is what that process does: 200 shards with 80 descriptors. It ends, once as many
// are ready as there can be, when the gateway closes its standard input.
func fewBot(t *testing.T, at string) {
	limit := syscall.Rlimit{Cur: 80, Max: 80}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	at, driver, _ := strings.Cut(at, ",")
	gatewayURL, token, _ := strings.Cut(at, " ")
	var logs logBuffer
	e, err := engine.New(engine.Config{
		Token: engine.NewToken(token), GatewayURL: gatewayURL, Shards: engine.Shards{Total: 200}, Retries: 3,
		IdentifyQueue: identify.Unlimited{}, Logger: logs.logger(), Driver: map[string]engine.Driver{"portable": engine.PortableDriver}[driver],
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- e.Run(ctx) }()
	ready := func() (n int) {
		for s := range e.Shards() {
			if s.State() == lifecycle.Ready {
				n++
			}
		}
		return n
	}
	waiting := func() (n int) {
		for s := range e.Shards() {
			if v := s.View(); strings.Contains(v.Waits, "no descriptor is left") && v.Failures == 0 {
				n++
			}
		}
		return n
	}
	eventually(t, "as many shards as there are descriptors for, and all others waiting", func() bool {
		r, w := ready(), waiting()
		return r >= 30 && r+w == 200
	})
	cancel()
	if err := <-result; err != nil {
		t.Errorf("Run returned %v", err)
	}
	warnings := 0
	for line := range strings.Lines(logs.String()) {
		if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
			warnings++
			t.Log(line)
		}
	}
	text := logs.String()
	if warnings != 2 || !strings.Contains(text, "limit=80 needed=") || !strings.Contains(text, "LimitNOFILE=") || !strings.Contains(text, "too many open files") {
		t.Errorf("%d warnings", warnings)
	}
}

// TestShortOfDescriptors: shards without a descriptor wait, without a line of the log each,
// and give up nothing. What would be needed is said at the start.
func TestShortOfDescriptors(t *testing.T) {
	if at := os.Getenv(shortEnv); at != "" {
		fewBot(t, at)
		return
	}
	for _, driver := range []string{"auto", "portable"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false), gatewaytest.WithMaxConcurrency(200))
			child := exec.Command(os.Args[0], "-test.run=^TestShortOfDescriptors$", "-test.v", "-test.timeout=3m")
			child.Env = append(os.Environ(), shortEnv+"="+srv.URL()+" "+srv.Token()+","+driver)
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// TestSoftLimitIsRaised: a soft limit below the hard one costs no shard.
func TestSoftLimitIsRaised(t *testing.T) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if before.Max < 4096 {
		t.Skipf("the hard limit is %d", before.Max)
	}
	low := before
	low.Cur = 512
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before) }()
	srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false), gatewaytest.WithMaxConcurrency(200))
	var logs logBuffer
	c := connect(t, srv, func(config *engine.Config) {
		config.APIURL, config.GatewayURL = "", srv.URL()
		config.Shards, config.Logger = engine.Shards{Total: 1000}, logs.logger()
		config.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	})
	eventually(t, "the limit is raised", func() bool {
		var l syscall.Rlimit
		return syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) == nil && l.Cur >= 1064
	})
	c.stop()
	<-c.result
	if strings.Contains(logs.String(), "too low") {
		t.Error(logs.String())
	}
}
