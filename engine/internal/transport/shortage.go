package transport

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sluice-go/sluice/internal/descriptors"
)

// This file is about descriptors: each connection takes one, and there may be too few.

const (
	// shortageBase is how long nobody dials after a dial for which no descriptor was
	// left, doubled with each that follows, up to shortageCap.
	shortageBase = time.Second
	shortageCap  = 30 * time.Second

	// shortageQuiet is how often at most the log tells of a shortage.
	shortageQuiet = 10 * time.Minute
)

// ReserveDescriptors raises the soft limit on descriptors to what so many more
// connections need, and says so if the hard limit is too low for them.
func ReserveDescriptors(more int, logger *slog.Logger) {
	// A handshake takes a second descriptor for a moment.
	need := uint64(descriptors.InUse() + more + min(more, MaxHandshakes))
	if limit, err := descriptors.Raise(need); limit < need {
		logger.Warn("the limit on open files is too low for all shards: some will wait without a connection",
			"limit", limit, "needed", need, "shards", more, "cause", err, "remedy", descriptorsRemedy(need))
	}
}

// descriptorsRemedy says how to raise the limit.
func descriptorsRemedy(need uint64) string {
	return fmt.Sprintf("raise the hard limit, with ulimit -Hn %d, or LimitNOFILE=%[1]d in a systemd unit", need)
}

// shortage is a lack of descriptors. It concerns all shards alike, so while it lasts one
// dial at a time finds out whether it is over, and one line of the log tells of it.
type shortage struct {
	logger *slog.Logger

	mu     sync.Mutex
	lasts  bool
	row    int       // dials in a row for which no descriptor was left
	until  time.Time // nobody dials before
	logged time.Time // when the log last told of one
}

// shortageError says that a shard has no connection for want of a descriptor. It counts
// as no failure of the shard's: Config.Retries does not end it.
type shortageError struct {
	wait time.Duration
	err  error // the system's; nil: the dial was not made
}

// Error implements error.
func (e *shortageError) Error() string {
	const s = "no descriptor is left for a connection"
	if e.err == nil {
		return s
	}
	return s + ": " + e.err.Error()
}

// ShortFor returns about how long the shard is to wait.
func (e *shortageError) ShortFor() time.Duration { return e.wait }

func (e *shortageError) Unwrap() error { return e.err }

// admit lets a dial go, unless there is a shortage and another dial is to find out
// whether it is over.
func (s *shortage) admit(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lasts {
		return nil
	}
	if now.Before(s.until) {
		return &shortageError{wait: s.wait()}
	}
	s.until = now.Add(s.wait())
	return nil
}

// wait returns how long shards wait now. mu is held.
func (s *shortage) wait() time.Duration {
	return min(shortageBase<<min(s.row-1, 10), shortageCap)
}

// judge turns an error into a shortageError if no descriptor was left.
func (s *shortage) judge(now time.Time, err error) error {
	if !descriptors.Exhausted(err) {
		return err
	}
	s.mu.Lock()
	s.row++
	s.lasts = true
	s.until = now.Add(s.wait())
	news := s.logged.IsZero() || now.Sub(s.logged) >= shortageQuiet
	if news {
		s.logged = now
	}
	short := &shortageError{wait: s.wait(), err: err}
	s.mu.Unlock()
	if news {
		s.logger.Warn("no descriptor is left: shards without a connection wait until there are some",
			"cause", err, "remedy", "raise the limit on open files, with ulimit -n, or LimitNOFILE= in a systemd unit")
	}
	return short
}

// over notes a dial for which there were descriptors.
func (s *shortage) over() {
	s.mu.Lock()
	was := s.lasts
	s.lasts, s.row = false, 0
	s.mu.Unlock()
	if was {
		s.logger.Debug("there are descriptors again")
	}
}
