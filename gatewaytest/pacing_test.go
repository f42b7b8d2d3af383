package gatewaytest

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// TestPacerOrder has connections wait for times in any order: each is notified, the earlier first.
func TestPacerOrder(t *testing.T) {
	var wg sync.WaitGroup
	p, err := startPacer(&wg)
	if err != nil {
		t.Fatal(err)
	}
	defer wg.Wait()
	defer p.close()
	start := time.Now()
	conns := make([]*conn, 50)
	for i := range conns {
		conns[i] = &conn{wake: make(chan struct{}, 1)}
		p.notify(conns[i], start.Add(time.Duration(i*29%len(conns))*time.Hour))
	}
	p.forget(conns[7])
	p.forget(conns[7]) // as a sender does that did not wait
	for i, c := range conns {
		if i != 7 {
			p.notify(c, start.Add(time.Duration(i%3)*time.Millisecond))
		}
	}
	for i, c := range conns {
		if i != 7 {
			<-c.wake
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 || conns[7].pace.index != 0 {
		t.Errorf("%d wait on", len(p.waiting))
	}
}

// TestPacerClosed has nobody wait once it is closed.
func TestPacerClosed(t *testing.T) {
	var wg sync.WaitGroup
	p, err := startPacer(&wg)
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{wake: make(chan struct{}, 1)}
	p.notify(c, time.Now().Add(time.Hour))
	p.close()
	p.close()
	wg.Wait()
	p.forget(c)
	if p.notify(c, time.Now()); c.pace.index != 0 {
		t.Error("a closed pacer has somebody wait")
	}
}

// TestLatestBeat spreads the shards of a bot evenly, and never puts a beat in the future.
func TestLatestBeat(t *testing.T) {
	const shards, period = 50, 5 * time.Millisecond
	epoch := time.Now()
	now := epoch.Add(time.Minute + 1234*time.Microsecond)
	beats := make([]time.Duration, shards)
	for shard := range beats {
		beat := latestBeat(epoch, now, shard, period)
		if ago := now.Sub(beat); ago < 0 || ago >= period {
			t.Fatalf("shard %d: %v ago", shard, ago)
		}
		if again := latestBeat(epoch, now.Add(7*period), shard, period); again.Sub(beat) != 7*period {
			t.Errorf("shard %d: the rhythm moved by %v", shard, again.Sub(beat)-7*period)
		}
		beats[shard] = now.Sub(beat)
	}
	slices.Sort(beats)
	for i := range beats[1:] {
		if gap := beats[i+1] - beats[i]; gap > 2*period/shards || gap < period/shards/4 {
			t.Errorf("two shards beat %v apart", gap)
		}
	}
	if got := latestBeat(epoch, epoch, 1, period); got != epoch {
		t.Error("a session that comes before its first beat must begin at once")
	}
}

func TestParsePacing(t *testing.T) {
	for _, p := range []Pacing{PacingBurst, PacingExact} {
		if got, err := ParsePacing(p.String()); got != p || err != nil {
			t.Errorf("%v: %v, %v", p, got, err)
		}
	}
	if _, err := ParsePacing("slow"); err == nil {
		t.Error("slow was taken")
	}
	if _, err := Start(WithPacing(pacings)); err == nil {
		t.Error("an unknown pacing was taken")
	}
}

// BenchmarkPacerLate measures how late a pacer notifies, in a process with nothing else to do.
func BenchmarkPacerLate(b *testing.B) {
	var wg sync.WaitGroup
	p, err := startPacer(&wg)
	if err != nil {
		b.Fatal(err)
	}
	defer wg.Wait()
	defer p.close()
	c := &conn{wake: make(chan struct{}, 1)}
	var late []time.Duration
	for b.Loop() {
		at := time.Now().Add(100 * time.Microsecond)
		p.notify(c, at)
		<-c.wake
		late = append(late, time.Since(at))
	}
	slices.Sort(late)
	b.ReportMetric(float64(late[len(late)/2].Nanoseconds()), "p50-ns-late")
	b.ReportMetric(float64(late[len(late)*99/100].Nanoseconds()), "p99-ns-late")
}
