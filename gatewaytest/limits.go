package gatewaytest

import (
	"sync"
	"time"
)

const (
	// startWindow is the time that a session start limit counts for.
	startWindow = 24 * time.Hour

	// maxGuildsPerShard is how many guilds a shard may hold (Discord: "Sharding").
	maxGuildsPerShard = 2500
)

// identifyBuckets holds identifies with one rate limit key apart.
type identifyBuckets struct {
	interval time.Duration
	count    int // max_concurrency

	mu   sync.Mutex
	last map[int]time.Time
}

// allow reports whether shard may identify now, and if so, notes it.
func (b *identifyBuckets) allow(shard int, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	// A client that waits a whole interval between two sends can still arrive a little early.
	slack := b.interval / 50
	key := shard % b.count
	last, ok := b.last[key]
	since := max(now.Sub(last), 0) // two connections may come here in another order than that of their times
	if ok && since < b.interval-slack {
		return false
	}
	b.last[key] = now
	return true
}

// startLimit is the session start limit: how many identifies are left in a day.
type startLimit struct {
	mu        sync.Mutex
	total     int
	remaining int
	reset     time.Time
}

// take spends an identify; false means that none was left.
func (l *startLimit) take(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renew(now)
	if l.remaining == 0 {
		return false
	}
	l.remaining--
	return true
}

// state returns how many identifies are left, and when they are all back.
func (l *startLimit) state(now time.Time) (remaining int, resetAfter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.renew(now)
	return l.remaining, l.reset.Sub(now)
}

func (l *startLimit) renew(now time.Time) {
	if now.Before(l.reset) {
		return
	}
	if !l.reset.IsZero() {
		l.remaining = l.total
	}
	l.reset = now.Add(startWindow)
}
