package bridge

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/bridge/internal/journal"
)

// keeper writes a shard's journal: it reads the shard's log as a bot does, at its own pace. Data's mutex guards it.
type keeper struct {
	shard  *shard
	w      *journal.Writer // nil: none yet
	cursor eventlog.Cursor
	again  time.Time   // after a failure, not before
	failed error       // which it was
	noted  int64       // the last sequence of a record Seen
	gone   atomic.Bool // it writes nothing any more: the shard is another's
}

// keeperPause is how long a journal that could not be written is left alone.
const keeperPause = time.Second

// persist writes what is not in the journal yet. Where there is no journal, or too much behind its snapshot, or
// events that were not written are gone, it writes another one.
func (k *keeper) persist() error {
	sh := k.shard
	sh.mu.Lock()
	ready, anew := sh.ready, sh.anew
	sh.mu.Unlock()
	if !ready && k.w == nil || k.gone.Load() {
		return nil
	}
	if time.Now().Before(k.again) {
		return k.failed // for what is missing is missing still
	}
	var err error
	if k.w == nil || anew || k.w.Grown() > max(k.w.Base(), 2*int64(sh.log.Limit)) {
		err = k.rewrite()
	} else {
		var whole bool
		if whole, err = k.follow(); err == nil && !whole {
			err = k.rewrite()
		}
	}
	if err != nil {
		k.again, k.failed = time.Now().Add(keeperPause), err
		k.close()
	}
	return err
}

// follow writes what has come since. It reports false where events are gone.
func (k *keeper) follow() (whole bool, err error) {
	sh := k.shard
	for {
		sh.mu.Lock()
		began, ended := sh.began, sh.over
		sh.began, sh.over = nil, nil
		span, ok := sh.log.Take(&k.cursor)
		seq := sh.seq
		sh.mu.Unlock()
		for _, s := range began {
			err = errors.Join(err, k.w.Append(journal.Session, s.record()))
		}
		for _, id := range ended {
			err = errors.Join(err, k.w.Append(journal.Ended, []byte(id)))
		}
		if !ok || err != nil || span.Empty() {
			span.Done()
			if ok && err == nil {
				sh.keptUpTo(&k.cursor)
				err = k.seen(seq)
			}
			return ok, err
		}
		err = k.w.Append(journal.Events, span.Rest(&k.cursor))
		span.Done()
		if err != nil {
			return true, err
		}
	}
}

// rewrite writes a journal as of now.
func (k *keeper) rewrite() error {
	sh := k.shard
	m := sh.moment(func() { sh.began, sh.over, sh.anew = nil, nil, false })
	w, err := journal.Create(sh.bridge.config.Data.name(sh.id, sh.total))
	if err != nil {
		return err
	}
	if err = m.writeState(w); err == nil {
		err = writeSessions(w, m.sessions)
	}
	if err == nil {
		err = sh.writeEvents(w, &m.events, m.head.Live)
	}
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	if err := w.Commit(k.w); err != nil {
		k.w = nil
		return err
	}
	k.w, k.cursor, k.noted = w, m.events, m.head.Seq
	_, err = k.follow()
	return err
}

// close ends the use of the journal, which stays.
func (k *keeper) close() {
	if k.w != nil {
		_ = k.w.Close() // each record was written at once
		k.w = nil
	}
}
