//go:build !plan9 && !aix

package fleet

import (
	"context"
	"slices"
	"testing"
	"time"
)

// TestNamed: a process starts what is named to it as far as the records say that it is its own, without a
// look at what else is new. What makes no sense is named, too.
func TestNamed(t *testing.T) {
	st := newStage(t, 4)
	f, other := st.enter("a"), st.enter("b")
	f.config.poll, f.quiet = time.Hour, time.Now().Add(time.Hour) // it looks but once, and claims nothing
	run, end := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- f.Run(run) }()
	<-f.eng.Accepting()
	named := map[place]record{}
	for id, owner := range []string{f.id, "another", f.id, ""} {
		r := record{Owner: owner, Epoch: 1}
		if id < 3 {
			other.write(t, place{4, id}, r)
		}
		r.Owner = f.id
		named[place{4, id}] = r
	}
	named[place{5, 1}] = record{Owner: f.id}
	for _, text := range []string{"", "[", "null", `["shard.4.9"]`, `[1]`} {
		_ = other.conn.Publish(other.subjects+"given."+f.id, []byte(text))
	}
	other.tellOwners(named)
	eventually(t, "two shards of four", func() bool { return len(f.sorted()) == 2 })
	if list := f.sorted(); !slices.Equal(list, []place{{4, 0}, {4, 2}}) {
		t.Errorf("it runs %v", list)
	}
	end()
	if err := <-result; err != nil {
		t.Error(err)
	}
}
