package trace_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice-go/sluice/engine/trace"
)

// Record what a bot receives, and read it back.
func Example() {
	dir, err := os.MkdirTemp("", "trace")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bot.trace")

	rec, err := trace.Create(path, trace.Options{Key: []byte("an example's key"), MaxBytes: 1 << 30})
	if err != nil {
		log.Fatal(err)
	}
	// In a callback of the engine: rec.Record(ev.Shard.ID(), ev.Received, ev.Payload)
	rec.Record(0, time.Now(), []byte(`{"t":"TYPING_START","s":2,"op":0,"d":{"nick":"Mara"}}`))
	if err := rec.Close(); err != nil {
		log.Fatal(err)
	}

	r, err := trace.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	for record, err := range r.All() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(record.Kind, record.Shard, len(record.Payload))
	}
	// Output: received 0 53
}
