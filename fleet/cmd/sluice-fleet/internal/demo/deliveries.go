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
	if ev.Type == gateway.EventResumed || ev.Seq == 0 {
		return // which the gateway does not count
	}
	var b [delivery]byte
	binary.BigEndian.PutUint64(b[:], uint64(time.Now().UnixNano()))
	binary.BigEndian.PutUint64(b[8:], hash(ev.Session))
	binary.BigEndian.PutUint64(b[16:], uint64(ev.Seq))
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

// readDeliveries reads the files of all processes, by session.
func readDeliveries(paths []string) (map[uint64][]seen, error) {
	all := map[uint64][]seen{}
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
			all[session] = append(all[session], seen{
				at: int64(binary.BigEndian.Uint64(b)), seq: int64(binary.BigEndian.Uint64(b[16:])), node: node,
			})
		}
	}
	return all, nil
}
