package calm

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// window is how long lines of a kind are counted before they are told of together, and
	// how long it must be quiet for it to be over.
	window = 5 * time.Second

	// again is how often what goes on is told of: three times a minute.
	again = 20 * time.Second

	// maxLines is how many lines of a kind pass within a minute before they are counted, even
	// if they come one by one.
	maxLines = 3

	// maxKinds bounds the memory. Of so many kinds at once, a new one passes as it is.
	maxKinds = 1000

	// maxCauses is how many causes of one message are told apart.
	maxCauses = 4
)

// Handler is a [slog.Handler] that counts what repeats. Make one with [New].
//
// Lines are of one kind if level and message are the same, and the attribute "cause", where
// numbers are not looked at. Debug lines pass as they are, and so do those of level Info
// that have no attribute "shard", which are reports and not happenings.
type Handler struct {
	next  slog.Handler
	state *state
	bound bool // WithAttrs has a shard already
}

// state is what a handler and those derived from it have in common.
type state struct {
	mu      sync.Mutex
	kinds   map[string]*kind
	causes  map[string]int // kinds of a message
	ticking bool           // a timer runs
	closed  bool
}

// New returns a handler in front of next. Its Close is to be called in the end.
func New(next slog.Handler) *Handler {
	return &Handler{next: next, state: &state{kinds: make(map[string]*kind), causes: make(map[string]int)}}
}

// Enabled implements [slog.Handler].
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	bound := h.bound
	for _, a := range attrs {
		bound = bound || a.Key == "shard"
	}
	return &Handler{next: h.next.WithAttrs(attrs), state: h.state, bound: bound}
}

// WithGroup implements [slog.Handler].
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{next: h.next.WithGroup(name), state: h.state, bound: h.bound}
}

// Handle implements [slog.Handler].
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelInfo {
		return h.next.Handle(ctx, r)
	}
	shard, named, cause := -1, h.bound, ""
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "shard":
			named = true
			if a.Value.Kind() == slog.KindInt64 {
				shard = int(a.Value.Int64())
			}
		case "cause":
			cause = a.Value.Resolve().String()
		}
		return true
	})
	if r.Level < slog.LevelWarn && !named {
		return h.next.Handle(ctx, r)
	}
	if h.state.holds(time.Now(), h.next, r, shard, cause) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// Close tells what was counted and not yet told. From then on all lines pass.
func (h *Handler) Close() {
	s := h.state
	s.mu.Lock()
	var lines []line
	if !s.closed {
		s.closed = true
		lines = s.due(time.Now())
	}
	s.mu.Unlock()
	write(lines)
}

// holds reports whether a record is kept back, to be told of with others.
func (s *state) holds(now time.Time, next slog.Handler, r slog.Record, shard int, cause string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	k := s.kindOf(now, r.Level, r.Message, cause)
	if k == nil || k.passes(now) {
		return false
	}
	k.hold(now, next, r, shard)
	if !s.ticking {
		s.ticking = true
		time.AfterFunc(time.Second, s.tick)
	}
	return true
}

// kindOf returns the kind of a line, nil if there are too many.
func (s *state) kindOf(now time.Time, level slog.Level, message, cause string) *kind {
	key := level.String() + " " + clip(message)
	full := key + "\x00" + withoutNumbers(clip(cause))
	if k := s.kinds[full]; k != nil {
		return k
	}
	if s.causes[key] >= maxCauses {
		full = key // the others together
		if k := s.kinds[full]; k != nil {
			return k
		}
	}
	if len(s.kinds) >= maxKinds {
		s.forget(now)
		if len(s.kinds) >= maxKinds {
			return nil
		}
	}
	k := &kind{message: key}
	s.kinds[full] = k
	s.causes[key]++
	return k
}

// forget drops kinds that have not been seen for a minute.
func (s *state) forget(now time.Time) {
	for key, k := range s.kinds {
		if k.held == 0 && k.told == 0 && k.lines(now) == 0 {
			delete(s.kinds, key)
			if s.causes[k.message]--; s.causes[k.message] == 0 {
				delete(s.causes, k.message)
			}
		}
	}
}

// tick tells what is due, every second while anything is counted.
func (s *state) tick() {
	s.mu.Lock()
	if s.closed { // where the lines go may be gone
		s.mu.Unlock()
		return
	}
	lines := s.due(time.Now())
	s.ticking = false
	for _, k := range s.kinds {
		s.ticking = s.ticking || k.held > 0 || k.told > 0
	}
	if s.ticking {
		time.AfterFunc(time.Second, s.tick)
	}
	s.mu.Unlock()
	write(lines)
}

// due returns the lines that are due, all if closed.
func (s *state) due(now time.Time) (lines []line) {
	for _, k := range s.kinds {
		if l, ok := k.due(now, s.closed); ok {
			lines = append(lines, l)
		}
	}
	s.forget(now)
	return lines
}

// line is one to be written.
type line struct {
	next   slog.Handler
	record slog.Record
}

// write is called without a lock: whoever takes the lines may be slow.
func write(lines []line) {
	for _, l := range lines {
		_ = l.next.Handle(context.Background(), l.record) // as slog.Logger, which has nobody to tell
	}
}

// clip bounds a key.
func clip(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most]
	}
	return text
}

// withoutNumbers returns a text in which every number is one letter: ports, sequences and
// ids make no other kind.
func withoutNumbers(text string) string {
	var b strings.Builder
	digit := false
	for i := range len(text) {
		c := text[i]
		if '0' <= c && c <= '9' {
			if !digit {
				b.WriteByte('#')
			}
			digit = true
			continue
		}
		digit = false
		b.WriteByte(c)
	}
	return b.String()
}
