package bridge

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/journal"
	"github.com/sluice-go/sluice/bridge/internal/state"
)

const (
	// maxJournal is how much is taken of a peer for one shard, in bytes.
	maxJournal = 1 << 30

	// arrivalTime is how long the engine has to have a shard that was handed over.
	arrivalTime = time.Minute

	// maxForeign is how many dictionaries of other bridges are kept, which take about a megabyte each.
	maxForeign = 32
)

// takeOver takes a shard that a peer hands over. It is answered when all of it is there, so that the peer's record of
// whose the shard is, and the engine, come after it.
func (b *Bridge) takeOver(w http.ResponseWriter, r *http.Request) {
	if b.peers == nil || !b.peers.shows(r) {
		fail(w, http.StatusUnauthorized, 0, "401: this is for other processes of the same bot")
		return
	}
	var at place
	if n, err := fmt.Sscanf(strings.TrimPrefix(r.URL.Path, handoverPath), "%d/%d", &at.id, &at.total); n != 2 || err != nil || at.id < 0 || at.id >= at.total {
		fail(w, http.StatusBadRequest, 0, "400: want "+handoverPath+"ID/TOTAL")
		return
	}
	sh, err := b.readShard(r.Body, at, func() { w.WriteHeader(http.StatusProcessing) })
	if err == nil {
		err = b.welcome(sh)
	}
	if err != nil {
		b.logger.Warn("a shard that a peer hands over cannot be taken; it will begin a new session", "shard", at.id, "peer", r.RemoteAddr, "cause", err)
		fail(w, http.StatusUnprocessableEntity, 0, "422: "+err.Error())
		return
	}
	b.logger.Info("a shard comes from a peer", "shard", at.id, "peer", r.RemoteAddr, "bots", len(sh.sessions), "events", sh.log.Last()-sh.log.First()+1, "seq", sh.seq)
	w.WriteHeader(http.StatusNoContent)
}

// readShard reads a shard's journal up to its cut. reached is called at each mark, when all in front of it has been taken.
func (b *Bridge) readShard(in io.Reader, at place, reached func()) (*shard, error) {
	sh := newShard(b, at.id, at.total)
	r := restorer{shard: sh, sessions: make(map[string]*sessionRecord), now: time.Now(), reached: reached}
	if err := journal.Read(in, maxJournal, r.take); err != nil {
		return nil, err
	}
	if r.cut == nil || r.cut.Upstream != r.head.Upstream || !sh.state.HasReady() {
		return nil, errCutOff
	}
	sh.upstream, sh.seq = r.cut.Upstream, max(sh.seq, r.cut.Seq)
	sh.ready, sh.complete, sh.handed, sh.anew = true, true, true, true
	sh.until = r.now.Add(arrivalTime)
	r.reviveAll()
	if r.commands != nil {
		sh.commands.revive(r.commands, r.now)
	}
	return sh, nil
}

var (
	errCutOff   = errors.New("bridge: what a peer hands over is not whole")
	errRunsHere = errors.New("bridge: the shard runs here already")
	errClosed   = errors.New("bridge: it is closed")
)

// welcome has bots find a shard that was handed over, and the engine when it attaches it.
func (b *Bridge) welcome(sh *shard) error {
	var before *shard
	defer func() {
		if before != nil {
			before.keeper.leave() // which waits for the disk, and adopting is waited for by callbacks
		}
	}()
	b.adopting.Lock()
	defer b.adopting.Unlock()
	if b.isClosed() {
		return errClosed
	}
	for up := range b.config.Engine.Shards() {
		if up.ID() == sh.id && up.Total() == sh.total {
			return errRunsHere
		}
	}
	if restored, ok := b.restored.LoadAndDelete(place{sh.id, sh.total}); ok {
		before = restored.(*shard)
		before.sendAway()
	}
	b.introduce(sh)
	return nil
}

// dictionaryOf returns the dictionary by which a snapshot of a shard's state can be read as it is: the bridge's own, one
// that came before, or a new one. Where there are too many, it is the bridge's own, and the guilds are compressed anew. It
// takes one snapshot at a time: those that come together have one dictionary for the most part.
func (b *Bridge) dictionaryOf(snapshot []byte) *state.Dictionary {
	b.learning.Lock()
	defer b.learning.Unlock()
	if b.dictionary.Adopt(snapshot) {
		return b.dictionary
	}
	for _, d := range b.foreign {
		if d.Adopt(snapshot) {
			return d
		}
	}
	if len(b.foreign) >= maxForeign {
		b.foreign = slices.DeleteFunc(b.foreign, b.isUnused)
	}
	d := state.NewDictionary()
	if len(b.foreign) >= maxForeign || !d.Adopt(snapshot) {
		return b.dictionary
	}
	b.foreign = append(b.foreign, d)
	return d
}

// isUnused reports whether the guilds of no shard are compressed with a dictionary.
func (b *Bridge) isUnused(d *state.Dictionary) bool {
	return !slices.ContainsFunc(b.all(), func(sh *shard) bool { return sh.state.Uses(d) })
}
