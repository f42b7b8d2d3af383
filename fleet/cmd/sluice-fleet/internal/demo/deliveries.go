// Package demo is a fleet under test: a gateway, NATS and the fleet's processes as processes of
// their own, what is done to them, and what came of it.
package demo

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

// Deliveries is a file of what a process's callbacks had. Each event is one write, so that the
// file is whole also where the process is killed.
type Deliveries struct{ file *os.File }

// delivery is the size of an event in the file: the time, a hash of the session and the
// sequence, 8 bytes each.
const delivery = 24

// OpenDeliveries opens a file to append to.
func OpenDeliveries(path string) (*Deliveries, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot write what is delivered: %w", err)
	}
	return &Deliveries{file}, nil
}

// Note is the callback.
func (d *Deliveries) Note(ev *engine.Event) {
	if lost, ok := ev.SessionLost(); ok {
		d.announce(lost.Session, lost.From, lost.To)
		return
	}
	if ev.Type == gateway.EventResumed || ev.Seq == 0 {
		return // which the gateway does not count
	}
	var b [delivery]byte
	binary.BigEndian.PutUint64(b[:], uint64(time.Now().UnixNano()))
	binary.BigEndian.PutUint64(b[8:], hash(ev.Session))
	binary.BigEndian.PutUint64(b[16:], uint64(ev.Seq))
	_, _ = d.file.Write(b[:])
}

// announce notes that sequences of a session are lost for good, from one to another; 0: to the end. It
// is two entries, with negative sequences.
func (d *Deliveries) announce(session string, from, to int64) {
	var b [2 * delivery]byte
	for i, seq := range [...]int64{from, to} {
		binary.BigEndian.PutUint64(b[i*delivery+8:], hash(session))
		binary.BigEndian.PutUint64(b[i*delivery+16:], uint64(-1-seq))
	}
	_, _ = d.file.Write(b[:])
}

// Close closes the file.
func (d *Deliveries) Close() error { return d.file.Close() }

func hash(session string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(session))
	return h.Sum64()
}

// seen is one event that a callback had.
type seen struct {
	at   int64 // ns
	seq  int64
	node int // whose file has it
}

// told is what callbacks were told of a session.
type told struct {
	events []seen
	lost   [][2]int64 // sequences that were announced as lost; 0 as the second: to the end
}

// announced reports whether a sequence was announced as lost.
func (t *told) announced(seq int64) bool {
	for _, span := range t.lost {
		if seq >= span[0] && (span[1] == 0 || seq <= span[1]) {
			return true
		}
	}
	return false
}

// readDeliveries reads the files of all processes, by session.
func readDeliveries(paths []string) (map[uint64]*told, error) {
	all := map[uint64]*told{}
	for node, path := range paths {
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for ; len(b) >= delivery; b = b[delivery:] {
			session := binary.BigEndian.Uint64(b[8:])
			t := all[session]
			if t == nil {
				t = &told{}
				all[session] = t
			}
			seq := int64(binary.BigEndian.Uint64(b[16:]))
			if seq < 0 && len(b) >= 2*delivery {
				b = b[delivery:]
				t.lost = append(t.lost, [2]int64{-1 - seq, -1 - int64(binary.BigEndian.Uint64(b[16:]))})
				continue
			}
			t.events = append(t.events, seen{at: int64(binary.BigEndian.Uint64(b)), seq: seq, node: node})
		}
	}
	return all, nil
}
