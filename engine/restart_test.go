package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/pool"
)

// These tests restart a bot in a process of its own, under load, and hold what
// all its processes together were delivered against what the gateway sent. `make
// restart` runs them at length.

var (
	restartShards = flag.Int("restart.shards", 8, "shards of the bot that is restarted")
	restartRounds = flag.Int("restart.rounds", 3, "how often it is restarted")
	restartRate   = flag.Float64("restart.rate", 50, "events a second for each shard")
)

// botEnv in the environment has the test binary be the bot.
const botEnv = "SLUICE_TEST_BOT"

// botPlan is what the bot is told by its environment.
type botPlan struct {
	Token, API, CA    string
	Sessions, Records string // files
	Driver            engine.Driver
}

// TestBot is the bot. Of every event that it is delivered it writes one line,
// with one write, so that what was delivered is known even of a bot that is killed.
func TestBot(t *testing.T) {
	var plan botPlan
	if json.Unmarshal([]byte(os.Getenv(botEnv)), &plan) != nil {
		t.Skip("is the second process of other tests")
	}
	records, err := os.OpenFile(plan.Records, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(plan.CA))
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(plan.Token), APIURL: plan.API, TLS: &tls.Config{RootCAs: roots},
		Intents: gateway.IntentsAll, Driver: plan.Driver, Sessions: session.NewFile(plan.Sessions),
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	eng.On(gateway.AllDispatches(), func(ev *engine.Event) {
		if ev.Type != gateway.EventResumed {
			line := append([]byte(ev.Shard.Session().ID), ' ')
			_, _ = records.Write(append(strconv.AppendInt(line, ev.Seq, 10), '\n'))
		}
	})
	ctx, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	defer stop()
	if err := eng.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

// bot is a bot that is restarted, with its gateway.
type bot struct {
	t      *testing.T
	srv    *gatewaytest.Server
	plan   botPlan
	self   string    // the test binary
	cmd    *exec.Cmd // the process that runs; nil: none
	stderr bytes.Buffer

	// again counts for each session how often the events behind a sequence are to
	// come again: since a kill forgot that they were delivered.
	again map[string][]span
}

// span is the events after one sequence, up to another.
type span struct{ after, to int64 }

func newBot(t *testing.T, driver engine.Driver, shards int, rate float64) *bot {
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards),
		gatewaytest.WithGuilds(2, 4096), gatewaytest.WithTraffic(rate))
	dir := t.TempDir()
	b := &bot{t: t, srv: srv, self: os.Args[0], again: map[string][]span{}, plan: botPlan{
		Token: srv.Token(), API: srv.APIURL(), CA: string(srv.CertPEM()), Driver: driver,
		Sessions: filepath.Join(dir, "sessions.json"), Records: filepath.Join(dir, "records"),
	}}
	t.Cleanup(func() {
		if b.cmd != nil {
			_ = b.cmd.Process.Kill()
			_ = b.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("the bots said:\n%s", b.stderr.String())
		}
	})
	return b
}

// start begins a process.
func (b *bot) start() {
	b.t.Helper()
	if err := b.launch(); err != nil {
		b.t.Fatal(err)
	}
}

// launch is start with an error, after which no process runs.
func (b *bot) launch() error {
	plan, err := json.Marshal(b.plan)
	if err != nil {
		return err
	}
	cmd := exec.Command(b.self, "-test.run=^TestBot$")
	cmd.Env = append(os.Environ(), botEnv+"="+string(plan))
	cmd.Stderr = &b.stderr
	cmd.Stdout = &b.stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	b.cmd = cmd
	return nil
}

// A bot that cannot start fails its own test, and no other.
func TestBotThatCannotStart(t *testing.T) {
	b := newBot(t, engine.AutoDriver, 1, 1)
	b.self = filepath.Join(t.TempDir(), "nothing")
	if err := b.launch(); err == nil {
		t.Error("a program that is not there was started")
	}
	if b.cmd != nil {
		t.Error("the process that did not start is still to be ended")
	}
}

// end ends the process by a signal.
func (b *bot) end(s os.Signal) {
	b.t.Helper()
	if err := b.cmd.Process.Signal(s); err != nil {
		b.t.Fatal(err)
	}
	err := b.cmd.Wait()
	b.cmd = nil
	if s == os.Kill {
		b.noteKill()
	} else if err != nil {
		b.t.Fatalf("the bot ended with %v", err)
	}
}

// noteKill notes what the process that was killed had been delivered, but had not
// saved as delivered.
func (b *bot) noteKill() {
	b.t.Helper()
	saved := map[string]int64{}
	for _, s := range b.snapshot().Sessions {
		saved[s.ID] = s.Seq
	}
	for session, seqs := range b.records() {
		last := slices.Max(slices.Collect(maps.Keys(seqs)))
		if last > saved[session] {
			b.again[session] = append(b.again[session], span{saved[session], last})
		}
	}
}

// snapshot reads the session file.
func (b *bot) snapshot() *session.Snapshot {
	b.t.Helper()
	text, err := os.ReadFile(b.plan.Sessions)
	if err != nil {
		return &session.Snapshot{}
	}
	s, err := session.Parse(text)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// records returns how often each event was delivered, by session and sequence.
func (b *bot) records() map[string]map[int64]int {
	b.t.Helper()
	file, err := os.Open(b.plan.Records)
	if err != nil {
		return nil
	}
	defer file.Close()
	all := map[string]map[int64]int{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		session, number, _ := strings.Cut(lines.Text(), " ")
		seq, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			b.t.Fatalf("record %q", lines.Text())
		}
		if all[session] == nil {
			all[session] = map[int64]int{}
		}
		all[session][seq]++
	}
	return all
}

// connected waits until every shard has been resumed so often, and more events
// were recorded.
func (b *bot) connected(shards, resumes int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 2*time.Minute)
	defer cancel()
	for shard := range shards {
		err := b.srv.WaitSession(ctx, shard, func(s gatewaytest.SessionInfo) bool { return s.Connected && s.Resumes >= resumes })
		if err == nil {
			err = b.srv.WaitReady(ctx, shard)
		}
		if err != nil {
			b.t.Fatalf("shard %d: %v", shard, err)
		}
	}
	size := func() int64 {
		info, err := os.Stat(b.plan.Records)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	enough := size() + int64(shards)*40*20 // some 20 events for each shard
	eventually(b.t, "traffic", func() bool { return size() > enough })
}

// account is what became of all events.
type account struct {
	Shards     int     `json:"shards"`
	Rate       float64 `json:"rate"`
	Restarts   int     `json:"restarts"`
	Kills      int     `json:"kills"`
	Events     int64   `json:"events"`
	Lost       int64   `json:"lost"`
	Doubled    int64   `json:"doubled"`
	Again      int64   `json:"again_after_kill"` // came again, as they must after a kill
	Identifies int64   `json:"identifies"`       // besides the first of each shard
	Resumes    int64   `json:"resumes"`
	Seconds    float64 `json:"seconds"`
}

// settle ends the traffic, waits until all of it has been delivered, and compares.
func (b *bot) settle(a *account) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	if err := b.srv.Quiesce(ctx); err != nil {
		b.t.Fatal(err)
	}
	report := b.srv.Report()
	eventually(b.t, "the last events", func() bool {
		records := b.records()
		return !slices.ContainsFunc(report.Sessions, func(s gatewaytest.SessionReport) bool { return records[s.ID][s.LastSeq] == 0 })
	})
	b.end(syscall.SIGTERM)
	records := b.records()
	for _, s := range report.Sessions {
		a.Events += s.LastSeq
		for seq := int64(1); seq <= s.LastSeq; seq++ {
			want := 1
			for _, again := range b.again[s.ID] {
				if again.after < seq && seq <= again.to {
					want++
				}
			}
			a.Again += int64(want - 1)
			switch got := records[s.ID][seq]; {
			case got < want:
				a.Lost += int64(want - got)
			case got > want:
				a.Doubled += int64(got - want)
			}
		}
	}
	a.Identifies = report.Identifies - int64(a.Shards)
	a.Resumes = report.Resumes
}

// restart restarts a bot again and again.
func restart(t *testing.T, driver engine.Driver, signals ...os.Signal) {
	shards, rounds, rate := *restartShards, *restartRounds, *restartRate
	if pool.Poisoning {
		shards, rounds = min(shards, 4), min(rounds, 2)
	}
	begin := time.Now()
	b := newBot(t, driver, shards, rate)
	a := &account{Shards: shards, Rate: rate}
	b.start()
	b.connected(shards, 0)
	for round := range rounds {
		eventually(b.t, "all sessions in the file", func() bool { return len(b.snapshot().Sessions) == shards })
		s := signals[round%len(signals)]
		if s == os.Kill {
			a.Kills++
		} else {
			a.Restarts++
		}
		b.end(s)
		b.start()
		b.connected(shards, round+1)
	}
	b.settle(a)
	a.Seconds = time.Since(begin).Round(100 * time.Millisecond).Seconds()
	line, _ := json.Marshal(a)
	t.Logf("%s", line)
	if a.Lost != 0 || a.Doubled != 0 || a.Identifies != 0 || a.Resumes != int64(rounds*shards) {
		t.Errorf("want nothing lost, nothing doubled, no identify, %d resumes", rounds*shards)
	}
}

var restartDrivers = map[string]engine.Driver{"auto": engine.AutoDriver, "portable": engine.PortableDriver}

// TestPain24_RollingRestart: whoever deploys under load loses nothing, gets
// nothing twice, and identifies no shard.
func TestPain24_RollingRestart(t *testing.T) {
	for name, driver := range restartDrivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			restart(t, driver, syscall.SIGTERM)
		})
	}
}

// TestPain24_Kill: a bot that is killed loses nothing; what it had been delivered
// since its sessions were last saved comes again, and nothing else does.
func TestPain24_Kill(t *testing.T) {
	for name, driver := range restartDrivers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			restart(t, driver, os.Kill, syscall.SIGTERM)
		})
	}
}
