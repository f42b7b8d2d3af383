package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sluice-go/sluice/engine/internal/link"
)

// errReconsider has a request that was about to be written look at what came
// meanwhile: its answer, the loss of its session, a limit.
var errReconsider = errors.New("reconsider")

// start makes the request hear of events until end. With an error it is not to
// be ended.
func (r *request) start() error {
	if inCallback() {
		return r.shard.sendError(r.op, ErrInCallback)
	}
	r.bell = make(chan struct{}, 1)
	r.answer.restart()
	r.shard.engine.listen()
	r.shard.requests.mu.Lock()
	defer r.shard.requests.mu.Unlock()
	r.shard.requests.open = append(r.shard.requests.open, r)
	return nil
}

// end gives back what was not taken.
func (r *request) end() {
	rs := &r.shard.requests
	rs.mu.Lock()
	rs.open = slices.DeleteFunc(rs.open, func(x *request) bool { return x == r })
	if len(rs.open) == 0 {
		rs.open = nil
	}
	for _, p := range r.pieces {
		p.buf.Release()
	}
	r.pieces = nil
	rs.mu.Unlock()
	r.shard.engine.unlisten()
}

// next returns the next piece, which the caller releases; it sends the request
// where that has to be. ok is false behind the last piece.
func (r *request) next(ctx context.Context) (p piece, ok bool, err error) {
	for {
		r.shard.requests.mu.Lock()
		if len(r.pieces) > 0 {
			p, ok = r.pieces[0], true
			r.pieces[0], r.pieces = piece{}, r.pieces[1:]
			r.unread -= len(p.buf.B)
		}
		pending, notYet, whole := r.pending, r.notYet, r.answer.whole()
		err = r.err
		r.shard.requests.mu.Unlock()

		switch wait := time.Until(notYet); {
		case ok:
			return p, true, nil
		case err != nil:
		case whole:
			return p, false, nil
		case pending:
			err = r.await(ctx, 0)
		case wait > 0:
			if err = r.hold(ctx, wait); err != nil {
				return p, false, err
			}
			continue
		default:
			if err = r.send(ctx); err != nil {
				return p, false, r.shard.sendError(r.op, err)
			}
			continue
		}
		if err != nil {
			return p, false, r.fail(err)
		}
	}
}

// fail returns the error of an answer that does not come whole.
func (r *request) fail(cause error) error {
	e := &AnswerError{Shard: r.shard.id, Op: r.op, Err: cause}
	r.shard.requests.mu.Lock()
	defer r.shard.requests.mu.Unlock()
	e.Came, e.Want = r.answer.progress()
	return e
}

// send sends the request. Asking twice does no harm, so a write that failed is
// repeated.
func (r *request) send(ctx context.Context) error {
	cmd := link.Command{Op: r.op, Repeat: true, Admit: r.admit}
	err := r.shard.build(ctx, &cmd, func(dst []byte) ([]byte, error) {
		r.shard.requests.mu.Lock()
		defer r.shard.requests.mu.Unlock()
		r.built = r.lost
		return r.build(dst)
	})
	if errors.Is(err, errReconsider) {
		return nil
	}
	return err
}

// admit is asked when the request is about to be written.
func (r *request) admit(now time.Time, session string) error {
	rs := &r.shard.requests
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r.answer.whole() || r.built != r.lost {
		return errReconsider
	}
	if r.gated && !r.pending { // pending: a write that failed is repeated
		if until := r.shard.engine.guilds.Take(r.guild, now); until.After(now) {
			r.notYet = until
			return errReconsider
		}
	}
	r.pending, r.session = true, session
	i := slices.Index(rs.open, r)
	rs.open = append(slices.Delete(rs.open, i, i+1), r)
	return nil
}

// hold waits until the request may be sent, unless ctx ends before that time.
func (r *request) hold(ctx context.Context, wait time.Duration) error {
	until := time.Now().Add(wait)
	err := context.DeadlineExceeded
	if deadline, ok := ctx.Deadline(); !ok || !deadline.Before(until) {
		err = r.await(ctx, wait)
	}
	if err == nil {
		return nil
	}
	return &RateLimitedError{Shard: r.shard.id, Op: r.op, GuildID: r.guild, RetryAfter: time.Until(until), Err: err}
}

// await waits until something comes, for some time if that is not 0.
func (r *request) await(ctx context.Context, limit time.Duration) error {
	var elapsed <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		elapsed = timer.C
	}
	select {
	case <-r.bell:
	case <-elapsed:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.shard.done:
		return ErrStopped
	}
	return nil
}
