package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// runArgs are those of a run against a gateway of the test's.
func runArgs(t *testing.T, srv *gatewaytest.Server, more ...string) []string {
	t.Helper()
	args := []string{"run", "--api-url=" + srv.APIURL()}
	if pem := srv.CertPEM(); len(pem) > 0 {
		ca := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(ca, pem, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--ca-file="+ca)
	}
	return append(args, more...)
}

func awaitReady(t *testing.T, srv *gatewaytest.Server, shard int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := srv.WaitReady(ctx, shard); err != nil {
		t.Fatal(err)
	}
}

// Every delivered dispatch is a line, as it came; the signal is an orderly end
// that keeps the session; and the token stands nowhere.
func TestRun(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]os.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": os.Interrupt} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := gatewaytest.NewServer(t)
			file := filepath.Join(t.TempDir(), "events")
			p := start(t, srv.Token(), runArgs(t, srv, "--out="+file, "--events=MESSAGE_CREATE,UNKNOWN")...)
			awaitReady(t, srv, 0)
			srv.Dispatch(0, "MESSAGE_CREATE", []byte("{\"content\":\"a\",\r\n\"id\":\"1\"}"))
			srv.Dispatch(0, "MESSAGE_DELETE", []byte(`{"id":"1"}`))
			srv.Dispatch(0, "SOMETHING_NEW", []byte(`{"id":"2"}`))
			want := []string{
				`{"t":"MESSAGE_CREATE","s":2,"op":0,"d":{"content":"a",  "id":"1"}}`,
				`{"t":"SOMETHING_NEW","s":4,"op":0,"d":{"id":"2"}}`,
			}
			var lines []string
			eventually(t, "both events in the file", func() bool {
				text, _ := os.ReadFile(file)
				lines = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
				return len(lines) == len(want)
			})
			if !slices.Equal(lines, want) {
				t.Errorf("got  %q\nwant %q", lines, want)
			}
			if cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.cmd.Process.Pid)); err == nil && strings.Contains(string(cmdline), srv.Token()) {
				t.Error("the token is an argument")
			}
			p.signal(signal)
			if status := p.wait(); status != 0 {
				t.Errorf("status %d", status)
			}
			if s := srv.Sessions(); len(s) != 1 {
				t.Errorf("%d sessions can be resumed, want 1: the connection was closed with 1000 or 1001?", len(s))
			}
			if strings.Contains(p.stderr.String()+p.stdout.String(), srv.Token()) {
				t.Error("the token was printed")
			}
		})
	}
}

func TestRunTokenFileAndDuration(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false), gatewaytest.WithShards(2), gatewaytest.WithMaxConcurrency(2))
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(srv.Token()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := start(t, "other.token.x", runArgs(t, srv, "--token-file="+file, "--duration=1s", "--out=-")...)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
	wantText(t, p.stderr.String(), "chmod 600")
	if lines := p.stdout.lines(); len(lines) != 2 || !strings.HasPrefix(lines[0], `{"t":"READY","s":1,"op":0,"d":{`) {
		t.Errorf("want READY of two shards, got %.200q", lines)
	}
}

// What the gateway refuses for good ends the command, with cause and remedy.
func TestRunRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code gateway.CloseCode
		want []string
	}{
		"token":   {gateway.CloseAuthenticationFailed, []string{"4004", "token"}},
		"shard":   {gateway.CloseInvalidShard, []string{"4010", "shard"}},
		"intents": {gateway.CloseInvalidIntents, []string{"4013", "intents"}},
		"granted": {gateway.CloseDisallowedIntents, []string{"4014", "Developer Portal"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false))
			p := start(t, srv.Token(), runArgs(t, srv)...)
			awaitReady(t, srv, 0)
			srv.CloseWith(0, c.code, "")
			if status := p.wait(); status != 1 {
				t.Errorf("status %d, want 1", status)
			}
			last := p.stderr.lines()
			wantText(t, last[len(last)-1], append(c.want, "sluice: shard 0 stopped")...)
		})
	}
	t.Run("API", func(t *testing.T) {
		t.Parallel()
		srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false))
		p := start(t, "an.other.token", runArgs(t, srv)...)
		if status := p.wait(); status != 1 {
			t.Errorf("status %d, want 1", status)
		}
		wantText(t, p.stderr.String(), "401", "the token is not accepted", "developer portal")
	})
}

// A certificate that is not trusted is a cause with a remedy, tried as often as
// --retries says.
func TestRunUntrusted(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer(t)
	p := start(t, srv.Token(), "run", "--api-url="+srv.APIURL(), "--retries=1")
	if status := p.wait(); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	wantText(t, p.stderr.String(), "certificate", "--ca-file", "retries used up")
	if strings.Contains(p.stderr.String(), srv.Token()) {
		t.Error("the token was printed")
	}
}

// The four ways to say which shards.
func TestRunShards(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string][]int{"0": {0, 1, 2}, "2": {0, 1}, "1-2/4": {1, 2}, "3/4": {3}} {
		t.Run(flag, func(t *testing.T) {
			if flag != "1-2/4" {
				skipShort(t)
			}
			t.Parallel()
			srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false), gatewaytest.WithShards(3), gatewaytest.WithMaxConcurrency(4))
			p := start(t, srv.Token(), runArgs(t, srv, "--shards="+flag)...)
			for _, shard := range want {
				awaitReady(t, srv, shard)
			}
			total := 3
			switch _, of, ranged := strings.Cut(flag, "/"); {
			case ranged:
				total = int(of[0] - '0')
			case flag == "2":
				total = 2
			}
			var got []int
			for _, s := range srv.Sessions() {
				got = append(got, s.Shard)
				if s.ShardCount != total {
					t.Errorf("shard %d said that there are %d, want %d", s.Shard, s.ShardCount, total)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("shards %v, want %v", got, want)
			}
			p.signal(syscall.SIGTERM)
			if status := p.wait(); status != 0 {
				t.Errorf("status %d", status)
			}
		})
	}
}
