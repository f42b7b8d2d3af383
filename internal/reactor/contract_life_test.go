package reactor

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// Where another goroutine closes the connection, the task learns of it; it may be
// at work meanwhile, and the descriptor's number must not be another's already.
func TestContractCloseByOthers(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range kinds {
			near, far := pair(t, d, kind, nil)
			in, out := make(chan struct{}), make(chan struct{})
			var got []byte
			k := &task{t: t}
			k.feed = func(b []byte) {
				if got = append(got, b...); len(got) == 1 {
					close(in)
					<-out
				}
			}
			k.advance = func(time.Time, bool) (time.Time, bool) {
				if k.advices == 1 {
					k.loop.Attach(near, nil)
				}
				return time.Time{}, k.fails > 0
			}
			start(d, k)
			far.Write([]byte("1"))
			<-in
			near.Close()
			var others []net.Conn
			for range 10 {
				a, b := tcpPair(t)
				b.Write([]byte("not for you"))
				others = append(others, a, b)
			}
			close(out)
			<-k.over
			if string(got) != "1" {
				t.Errorf("%s: got %q", kind, got)
			}
			b := make([]byte, 11)
			for i := 0; i < len(others); i += 2 {
				if _, err := io.ReadFull(others[i], b); err != nil {
					t.Errorf("another connection was closed: %v", err)
				}
				others[i].Close()
				others[i+1].Close()
			}
			far.Close()
		}
	})
}

// A callback that ends its goroutine ends the tasks, and none in silence; those
// that start later end too.
func TestContractGoexit(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		if _, ok := d.(PortableDriver); ok {
			t.Skip("each task has a goroutine of its own")
		}
		conn := silent(t, d, "TCP")
		var others []*task
		for i := range 3 {
			k := &task{t: t}
			k.advance = func(now time.Time, _ bool) (time.Time, bool) {
				if i == 0 && k.advices == 1 {
					k.loop.Attach(conn, nil)
				}
				return now.Add(time.Duration(i) * time.Hour), false
			}
			others = append(others, start(d, k))
		}
		k := &task{t: t}
		k.advance = func(time.Time, bool) (time.Time, bool) { runtime.Goexit(); return time.Time{}, true }
		<-start(d, k).over
		for _, k := range others {
			<-k.over
			if k.loop.BusyFor(time.Now()) != 0 {
				t.Error("a loop that has ended is busy")
			}
		}
		<-start(d, &task{t: t}).over
	})
}

// Many connections come and go, in every way, under tasks that replace them, and
// none hears what was for another. Nothing is left.
func TestContractChurn(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	connections := 25 // of each task: 1000 in all
	if testing.Short() {
		connections = 8
	}
	each(t, 100, func(t *testing.T, d Driver) {
		descriptors, goroutines := openDescriptors(), runtime.NumGoroutine()
		var wg sync.WaitGroup
		for n := range 40 {
			wg.Go(func() { churn(t, d, rand.New(rand.NewPCG(seed, uint64(n))), connections) })
		}
		wg.Wait()
		until(t, "descriptors and goroutines to end", func() bool { return openDescriptors() <= descriptors && runtime.NumGoroutine() <= goroutines })
	})
}

// churn drives a task over so many connections, one after another. The peer of
// each says nothing but its number.
func churn(t *testing.T, d Driver, random *rand.Rand, connections int) {
	var number byte
	var fars sync.WaitGroup
	k := &task{t: t}
	next := func() {
		number++
		kind := kinds[random.IntN(len(kinds))]
		near, far := pair(t, d, kind, nil)
		says, rude, size := number, random.IntN(3) == 0, 1+random.IntN(3000)
		fars.Go(func() {
			_, _ = far.Write(bytes.Repeat([]byte{says}, size))
			if c, ok := far.(*net.TCPConn); ok && rude {
				c.SetLinger(0)
			}
			if size%2 == 0 {
				_, _ = io.Copy(io.Discard, far)
			}
			far.Close()
		})
		k.loop.Attach(near, nil)
	}
	patience := 0
	k.feed = func(b []byte) {
		if i := bytes.IndexFunc(b, func(r rune) bool { return byte(r) != number }); i >= 0 {
			t.Errorf("connection %d brought %d", number, b[i])
		}
		if random.IntN(3) == 0 {
			k.loop.Detach()
			patience = 10
		}
	}
	k.fail = func(error) { patience = 10 }
	k.advance = func(now time.Time, _ bool) (time.Time, bool) {
		if k.advices == 1 {
			patience = 10
		}
		if patience++; patience > 10 {
			if int(number) == connections {
				return time.Time{}, true
			}
			patience = 0
			k.loop.Detach()
			next()
		}
		return now.Add(time.Millisecond), false
	}
	<-start(d, k).over
	fars.Wait()
}

// openDescriptors counts the process's descriptors, where the system tells.
func openDescriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
