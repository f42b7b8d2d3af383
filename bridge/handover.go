package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/bridge/internal/journal"
	"github.com/sluice-go/sluice/engine"
	store "github.com/sluice-go/sluice/engine/session"
)

// Handover is a shard on its way to the bridge of another process: what bots begin with, their sessions, and the events
// that they may ask for. It is the shard's journal, of which most is sent while the shard still runs, so that it is away
// for as long as the rest takes.
//
//	h := b.HandOver(ctx, shard, "ws://10.0.0.2:8080")
//	specs, err := eng.Detach(ctx, shard)
//	h.Finish(ctx, specs[0].Session)
//	… // the other process attaches the shard with that session, and all are told whose it is
//	h.Left()
//
// Whatever fails costs the other process an identify, and bots are told that events are missing: a shard without what
// belongs to it begins a new session there.
type Handover struct {
	shard  *shard
	cursor eventlog.Cursor    // of what is sent
	out    *journal.Stream    // to the peer
	body   *io.PipeWriter     // below out
	open   bool               // the request is under way
	cancel context.CancelFunc // of it
	marks  chan struct{}      // of capacity maxMarks: one for each mark to which the peer has come
	answer chan error         // what came of it
	err    error              // why nothing is handed over
}

var (
	errNoPeer    = errors.New("nobody is known who takes it")
	errNoTime    = errors.New("the process that gets it has not taken it in time")
	errNotReady  = errors.New("it has no session that bots could begin on")
	errNoSession = errors.New("it was closed with another session than the one that bots are on")
)

// HandOver begins to hand one of the engine's shards over to the bridge of a peer, whose address is as [Peers] has it, or
// "" for none. It returns when the peer has taken what there is now, or ctx has ended. Then [Handover.Finish] and [Handover.Left]
// are to follow, or [Handover.Stayed].
func (b *Bridge) HandOver(ctx context.Context, up *engine.Shard, peer string) *Handover {
	h := &Handover{shard: b.of(up)}
	sh := h.shard
	sh.mu.Lock()
	sh.leaving = true // so that from now on the log has what the state needs
	ready := sh.ready
	sh.mu.Unlock()
	switch {
	case peer == "" || b.peers == nil:
		h.err = errNoPeer
	case !ready:
		h.err = errNotReady
	default:
		h.send(ctx, peer)
	}
	sh.commands.pause(ctx) // what would not go any more goes along
	return h
}

// handoverPath is where peers take shards.
const handoverPath = "/peers/shards/"

// maxMarks is how often a hand-over waits for the peer to have taken all: its state, which takes longest, and then the events
// that have come meanwhile.
const maxMarks = 2

// send sends what there is now, and waits until the peer has taken it: what it is still reading when the shard closes, the
// shard would have to wait for.
func (h *Handover) send(ctx context.Context, peer string) {
	sh := h.shard
	var request context.Context
	request, h.cancel = context.WithCancel(context.Background())
	var read *io.PipeReader
	read, h.body = io.Pipe()
	defer context.AfterFunc(ctx, h.abort)()
	h.open, h.answer, h.marks = true, make(chan error, 1), make(chan struct{}, maxMarks)
	go func() {
		err := sh.bridge.peers.post(request, peer, fmt.Sprintf("%s%d/%d", handoverPath, sh.id, sh.total), read, func() {
			select {
			case h.marks <- struct{}{}:
			default: // it says more than it was asked
			}
		})
		read.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		h.answer <- err
	}()
	m := sh.moment(func() {})
	h.cursor = m.events
	var err error
	if h.out, err = journal.NewStream(h.body); err == nil {
		err = m.writeState(h.out)
	}
	if err == nil {
		err = h.out.Append(journal.Start)
	}
	for range maxMarks {
		if err == nil {
			err = sh.writeEvents(h.out, &h.cursor, allEvents)
		}
		if err == nil {
			err = h.mark()
		}
	}
	if err != nil {
		h.fail(err)
	}
}

// mark waits until the peer has taken what was sent.
func (h *Handover) mark() error {
	if err := h.out.Append(journal.Mark); err != nil {
		return err
	}
	select {
	case <-h.marks:
		return nil
	case err := <-h.answer:
		h.answer <- err // for fail
		return errors.Join(err, io.ErrUnexpectedEOF)
	}
}

// abort calls the request off.
func (h *Handover) abort() {
	h.cancel()
	h.body.CloseWithError(context.Canceled) // for which the request waits
}

// fail ends the hand-over. What the peer says of it is the better reason.
func (h *Handover) fail(err error) {
	h.abort()
	why := <-h.answer
	if why != nil && !errors.Is(why, context.Canceled) {
		err = why
	}
	if h.err = err; errors.Is(err, context.Canceled) {
		h.err = errNoTime
	}
	h.open = false
}

// Finish sends the rest, when the engine has detached the shard with a session. Nothing of the shard may be attached
// elsewhere before it returns, which it does at the latest when ctx ends.
func (h *Handover) Finish(ctx context.Context, s store.Session) {
	sh := h.shard
	sh.mu.Lock()
	sh.ready = false // nobody begins here any more
	if h.err == nil && (s.ID == "" || s.ID != sh.upstream) {
		h.err = errNoSession
	}
	cut := cutRecord{Upstream: sh.upstream, Seq: max(sh.seq, s.Seq)}
	sessions := append([]*session(nil), sh.sessions...)
	sh.mu.Unlock()
	if h.err == nil && sh.keeper != nil {
		if err := sh.keeper.drop(); err != nil { // the session goes on elsewhere
			h.fail(err)
		}
	}
	if h.err == nil {
		h.finish(ctx, &cut, sessions)
	}
	if h.err == errNoPeer && sh.keeper != nil {
		if err := sh.keeper.end(); err == nil {
			sh.bridge.logger.Info("a shard is left to whoever takes it up, and what bots begin with to this process's data", "shard", sh.id, "bots", len(sessions), "seq", cut.Seq)
			return
		}
	}
	if h.err != nil {
		sh.bridge.logger.Warn("a shard leaves without what bots begin with: it will begin a new session, and its bots are told", "shard", sh.id, "cause", h.err)
		return
	}
	sh.bridge.logger.Info("a shard is handed over", "shard", sh.id, "bots", len(sessions), "bytes", h.out.Size(), "seq", cut.Seq)
}

func (h *Handover) finish(ctx context.Context, cut *cutRecord, sessions []*session) {
	defer context.AfterFunc(ctx, h.abort)()
	err := h.shard.writeEvents(h.out, &h.cursor, allEvents)
	if err == nil {
		err = writeSessions(h.out, sessions)
	}
	if err == nil {
		err = h.out.Append(journal.Commands, encoded(h.shard.commands.record(time.Now())))
	}
	if err == nil {
		err = h.out.Append(journal.Cut, encoded(cut))
	}
	if err != nil {
		h.fail(err)
		return
	}
	h.body.Close()
	h.err = <-h.answer
	h.open = false
	h.cancel()
}

// Left ends the hand-over, when others are told whose the shard is: its bots are closed so that they go on there.
func (h *Handover) Left() {
	h.end()
	b := h.shard.bridge
	b.shards.Delete(h.shard.up.Load())
	h.shard.sendAway()
	h.shard.keeper.leave()
}

// Stayed ends a hand-over of which nothing comes.
func (h *Handover) Stayed() {
	h.end()
	h.shard.mu.Lock()
	h.shard.leaving = false
	h.shard.mu.Unlock()
	h.shard.commands.resume()
}

func (h *Handover) end() {
	if h.open {
		h.fail(context.Canceled)
	}
}

// isLeaving reports whether the shard is being handed over.
func (sh *shard) isLeaving() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.leaving
}
