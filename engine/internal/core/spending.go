package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

// This file keeps one shard from spending the whole bot's identifies. The budget
// (Budget) counts what all shards spend, and stops at the last ones of the day; but a
// gateway that closes one shard after each of its identifies would have spent them
// by then, and every other shard would have to wait for the next day.

const (
	// freeIdentifies is how many identifies in a row may fail before the next one
	// is put off.
	freeIdentifies = 2

	// putOffBase is for how long it is put off then, at most and at least by half;
	// with each further failure twice as long, up to putOffCap.
	putOffBase = time.Minute
	putOffCap  = 15 * time.Minute

	// In each spendPeriod a shard may spend 1/shareOf of the day's identifies, that is
	// 1 % an hour, but leastShare at least, and where no total is known.
	spendPeriod = time.Hour
	shareOf     = 100
	leastShare  = 10
)

// spending is what a shard did with its identifies. The zero value has sent none.
type spending struct {
	times  []time.Time // of the last hour's identifies, oldest first
	until  time.Time   // no identify before
	failed int32       // in a row
	open   bool        // one was sent on this connection, and what came of it is not known
}

// spend notes an identify.
func (s *spending) spend(now time.Time) {
	s.expire(now)
	s.times = append(s.times, now)
	s.open = true
}

// expire forgets identifies that were sent more than an hour ago.
func (s *spending) expire(now time.Time) {
	for len(s.times) > 0 && now.Sub(s.times[0]) >= spendPeriod {
		s.times = s.times[1:]
	}
}

// succeed notes that a session has lived.
func (s *spending) succeed() { s.open, s.failed, s.until = false, 0, time.Time{} }

// fail notes that a connection has ended on which no session lived.
func (s *spending) fail(now time.Time, random func() float64) {
	if !s.open {
		return
	}
	s.open = false
	if s.failed++; s.failed <= freeIdentifies {
		return
	}
	ceiling := putOffCap
	if doublings := s.failed - freeIdentifies - 1; doublings < 4 {
		ceiling = min(ceiling, putOffBase<<doublings)
	}
	s.until = now.Add(ceiling/2 + time.Duration(random()*float64(ceiling/2)))
}

// hurry ends the wait that failed identifies have caused.
func (s *spending) hurry() { s.until = time.Time{} }

// share returns how many identifies one shard may spend in an hour, of so many that the
// bot has in a day.
func share(total int) int { return max(leastShare, total/shareOf) }

// refuses says why a shard must not identify now, nil if it may.
func (s *spending) refuses(now time.Time, shard, share int) *identify.ShardBudgetError {
	s.expire(now)
	e := &identify.ShardBudgetError{Shard: shard, Failed: int(s.failed), Spent: len(s.times), Share: share, Until: s.until}
	if e.Spent >= share {
		if free := s.times[e.Spent-share].Add(spendPeriod); free.After(e.Until) {
			e.Until = free
		}
	}
	if !now.Before(e.Until) {
		return nil
	}
	return e
}
