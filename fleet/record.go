package fleet

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// This file has what lies in the bucket:
//
//	node.INCARNATION    a process that lives, with the lease as its TTL
//	shard.TOTAL.ID      whose a shard is, and its session; without a TTL
//	seq.INCARNATION     the sequences that a process has saved
//	identify.MC.KEY     who may identify, or has just done so
//	budget              identifies that are left, until they are reset
//	plan                of how many shards the bot is
//
// Everything but seq is JSON, for people to read.

// member is a process of the fleet.
type member struct {
	Incarnation string `json:"incarnation"`
	Name        string `json:"name"`
	Capacity    int    `json:"capacity"`
	Starting    bool   `json:"starting,omitempty"` // it has joined, and takes no shards yet
	Draining    bool   `json:"draining,omitempty"`
	Replaces    string `json:"replaces,omitempty"` // a Name
	Address     string `json:"address,omitempty"`
}

// record says whose a shard is. It counts as the owner's as long as it says so.
type record struct {
	Owner   string `json:"owner,omitempty"` // an incarnation; "": nobody's
	Epoch   uint64 `json:"epoch"`           // grows with each change of owner
	Session string `json:"session,omitempty"`
	URL     string `json:"url,omitempty"`
	Seq     int64  `json:"seq,omitempty"`
	Ready   bool   `json:"ready,omitempty"` // it has its guilds: for a plan

	rev uint64
	bad bool // it is none
}

// session returns what the record says of a session.
func (r *record) session() session.Session {
	return session.Session{ID: r.Session, ResumeURL: r.URL, Seq: r.Seq}
}

// removed reports whether there is no record any more: one that is nobody's had an owner before.
func (r *record) removed() bool { return r.Owner == "" && r.Epoch == 0 }

// with returns the record of the next owner, with a session.
func (r *record) with(owner string, s session.Session) record {
	return record{Owner: owner, Epoch: r.Epoch + 1, Session: s.ID, URL: s.ResumeURL, Seq: s.Seq, Ready: r.Ready, rev: r.rev}
}

// place tells one shard from every other.
type place struct{ total, id int }

func (p place) String() string { return strconv.Itoa(p.id) + "/" + strconv.Itoa(p.total) }

// key returns the place's key.
func (p place) key() string { return fmt.Sprintf("shard.%d.%d", p.total, p.id) }

func placeOf(s *engine.Shard) place { return place{s.Total(), s.ID()} }

// parsePlace is the inverse of key.
func parsePlace(key string) (p place, ok bool) {
	parts := strings.Split(key, ".")
	if len(parts) != 3 || parts[0] != "shard" {
		return place{}, false
	}
	var err1, err2 error
	p.total, err1 = strconv.Atoi(parts[1])
	p.id, err2 = strconv.Atoi(parts[2])
	return p, err1 == nil && err2 == nil && 0 <= p.id && p.id < p.total && p.total <= gateway.MaxShards && p.key() == key
}

// parseRecord reads a shard's entry. What another program wrote is marked as bad.
func parseRecord(e entry) record {
	var r record
	if e.value != nil && json.Unmarshal(e.value, &r) != nil {
		r = record{bad: true}
	}
	r.rev = e.rev
	return r
}

// plan is of how many shards the bot is. Phase is "" while that is settled; while the fleet
// is resharded it is "both" (the shards of Next run beside those of Total), and then "cut"
// (those of Total end).
type plan struct {
	Total int    `json:"total"`
	Next  int    `json:"next,omitempty"`
	Phase string `json:"phase,omitempty"`

	rev uint64
}

// errBadPlan: what the key says is no plan.
var errBadPlan = errors.New("fleet: the key plan in the bucket makes no sense: another program has written it; " +
	"the processes that run write it again, and where none runs, remove the key")

// valid reports whether p is a plan.
func (p *plan) valid() bool {
	counts := func(n int) bool { return 1 <= n && n <= gateway.MaxShards }
	switch p.Phase {
	case "":
		return counts(p.Total)
	case phaseBoth, phaseCut:
		return counts(p.Total) && counts(p.Next)
	}
	return false
}

const (
	phaseBoth = "both"
	phaseCut  = "cut"
)

// totals returns the totals whose shards are to run.
func (p *plan) totals() []int {
	switch p.Phase {
	case phaseBoth:
		return []int{p.Total, p.Next}
	case phaseCut:
		return []int{p.Next}
	}
	return []int{p.Total}
}

// has reports whether a shard is to run.
func (p *plan) has(at place) bool {
	for _, total := range p.totals() {
		if total == at.total {
			return true
		}
	}
	return false
}

// vectorEntry is the size of one shard in a vector: total, id and a hash of the session, 4
// bytes each, and the sequence, 8 bytes.
const vectorEntry = 20

var errVector = errors.New("fleet: saved sequences are damaged")

// appendVector appends the sequences of sessions.
func appendVector(dst []byte, specs []engine.ShardSpec) []byte {
	for i := range specs {
		s := &specs[i]
		dst = binary.BigEndian.AppendUint32(dst, uint32(s.Total))
		dst = binary.BigEndian.AppendUint32(dst, uint32(s.ID))
		dst = binary.BigEndian.AppendUint32(dst, sessionHash(s.Session.ID))
		dst = binary.BigEndian.AppendUint64(dst, uint64(s.Session.Seq))
	}
	return dst
}

// vector is what appendVector wrote, by place.
type vector map[place]saved

type saved struct {
	session uint32
	seq     int64
}

func parseVector(b []byte) (vector, error) {
	if len(b)%vectorEntry != 0 {
		return nil, errVector
	}
	v := make(vector, len(b)/vectorEntry)
	for ; len(b) > 0; b = b[vectorEntry:] {
		p := place{int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))}
		s := saved{binary.BigEndian.Uint32(b[8:]), int64(binary.BigEndian.Uint64(b[12:]))}
		if p.total > gateway.MaxShards || p.id >= p.total || s.seq < 0 {
			return nil, errVector
		}
		v[p] = s
	}
	return v, nil
}

// newer returns a session with the sequence that was saved, if that is of the same session
// and higher.
func (v vector) newer(p place, s session.Session) session.Session {
	if saved, ok := v[p]; ok && s.ID != "" && saved.session == sessionHash(s.ID) {
		s.Seq = max(s.Seq, saved.seq)
	}
	return s
}

func sessionHash(id string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return h.Sum32()
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // plain structs
	}
	return b
}
