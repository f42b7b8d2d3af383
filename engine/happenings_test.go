package engine

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// tellAll returns what happened, a line each.
func tellAll(list []lifecycle.Happening) string {
	var b strings.Builder
	for _, h := range list {
		fmt.Fprintln(&b, h)
	}
	return b.String()
}

// TestHappeningsTellAShardsStory over two connections, to the view and to a watch.
func TestHappeningsTellAShardsStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		watch, narrow := r.Watch(100), r.Watch(1)
		r.run()
		p := r.net.accept(t)
		s := r.shard(0)
		p.begin()
		waitState(t, s, lifecycle.Ready)
		p.drop()
		close(p.out)
		q := r.net.accept(t)
		q.resume()
		q.send(`{"t":"RESUMED","s":2,"op":0,"d":{}}`)
		waitState(t, s, lifecycle.Ready)
		const want = `Disconnected → Connecting
Connecting → AwaitingHello
AwaitingHello → Queued
Queued → Identifying
Identifying → Ready
connection ended by nobody with 1006: the other end closed the connection without a close frame: EOF
Ready → Disconnected: the other end closed the connection without a close frame: EOF
Disconnected → Connecting
Connecting → AwaitingHello
AwaitingHello → Resuming
Resuming → Ready
session resumed from sequence 2 on, 0 events replayed
`
		list := s.View().Happenings
		if got := tellAll(list); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
		for i, kept := range list {
			told := <-watch.C
			if !told.At.Equal(kept.At) || told.String() != kept.String() || told.Shard != 0 || told.Total != 1 {
				t.Errorf("%d: the watch was told %v at %v, the view %v at %v", i, told, told.At, kept, kept.At)
			}
		}
		if got := narrow.Dropped(); got != uint64(len(list)-1) || watch.Dropped() != 0 {
			t.Errorf("%d and %d happenings dropped, want %d and 0", got, watch.Dropped(), len(list)-1)
		}
		watch.Close()
		watch.Close()
		narrow.Close()
		r.end(q)
		if len(watch.C) != 0 {
			t.Error("a closed watch is told of more")
		}
	})
}

// TestHappeningsOfLossAndSlowness.
func TestHappeningsOfLossAndSlowness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.On(messages, func(*Event) { time.Sleep(150 * time.Millisecond) })
		r.run()
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		p.send(`{"t":null,"s":null,"op":9,"d":false}`)
		p.goodbye()
		synctest.Wait()
		got := tellAll(r.shard(0).Happenings())
		for _, want := range []string{
			"callbacks held up the shard for 150ms with MESSAGE_CREATE\n",
			"session lost: events from sequence 3 on may be missing: the gateway declared the session invalid (op 9)\n",
			"connection ended by engine with 4000 unknown error: the gateway declared the session invalid (op 9)\n",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s\nlacks %s", got, want)
			}
		}
		p.drop()
		close(p.out)
		r.end()
	})
}

// TestStoryIsBounded: 100 records and 8 KiB, whatever the texts are.
func TestStoryIsBounded(t *testing.T) {
	if size := unsafe.Sizeof(record{}); size > 24 {
		t.Errorf("a record has %d bytes", size)
	}
	if size := unsafe.Sizeof(story{}) + maxHappenings*(unsafe.Sizeof(record{})+unsafe.Sizeof(recordDetail{})) + maxCauseTexts; size > 8<<10 {
		t.Errorf("a story can take %d bytes", size)
	}
	for _, text := range []func(i int) string{
		func(int) string { return "the same" },
		func(i int) string { return fmt.Sprint("short ", i) },
		func(i int) string { return fmt.Sprintf("%0200d", i/3) },
		func(i int) string { return strings.Repeat("x", i%2*maxCauseText) },
	} {
		var s story
		for i := range 1000 {
			s.add(&lifecycle.Happening{At: time.Unix(int64(i), 0), Cause: text(i)})
			texts, last := 0, ""
			for _, h := range s.list(0, 1) {
				if h.Cause != "" && h.Cause != last {
					texts += len(h.Cause)
					last = h.Cause
				}
			}
			if texts > maxCauseTexts || texts != s.texts || len(s.ring) > maxHappenings || cap(s.ring) > maxHappenings {
				t.Fatalf("after %d: %d bytes of texts, counted as %d, %d records", i, texts, s.texts, cap(s.ring))
			}
		}
		list := s.list(0, 1)
		if len(list) != maxHappenings || list[0].At.Unix() != 900 || list[99].At.Unix() != 999 || list[99].Cause != text(999) {
			t.Errorf("%d happenings from %v to %v, %q", len(list), list[0].At, list[99].At, list[99].Cause)
		}
	}
}

// TestHappeningsHideSecrets that the gateway puts into what it says.
func TestHappeningsHideSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const id, key = "sEsSiOnIdOf32", "kEyOfTheResumeUrL"
		r := start(t)
		p := r.net.accept(t)
		p.send(testHello)
		p.expect(`{"op":2,`)
		ready := strings.Replace(wiretest.Ready, "wss://us-east1-b.discord.gg", "ws://resume.discord.gg/?key="+key, 1)
		p.send(strings.Replace(ready, `"abc"`, `"`+id+`"`, 1))
		s := r.shard(0)
		waitState(t, s, lifecycle.Ready)
		if v := s.View(); v.Session.ID != id || !strings.Contains(v.Session.ResumeURL, key) {
			t.Fatalf("session %+v", v.Session)
		}
		p.raw(wiretest.Close(4000, fmt.Sprintf("%s, %s key=%s", testToken, id[:13], key)))
		synctest.Wait()
		v := s.View().Public()
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var line strings.Builder
		slog.New(slog.NewTextHandler(&line, nil)).Info("shard", "view", v)
		if !strings.Contains(string(text), "[redacted]") {
			t.Errorf("%s\ndoes not tell the reason", text)
		}
		for _, shown := range []string{string(text), v.String(), line.String(), tellAll(s.Happenings())} {
			for _, hidden := range []string{testToken, id, key} {
				if strings.Contains(shown, hidden) {
					t.Errorf("%q is in %s", hidden, shown)
				}
			}
		}
		if logs := r.logs.String(); strings.Contains(logs, id) || strings.Contains(logs, testToken) {
			t.Errorf("the session's ID is in the log:\n%s", logs)
		}
		p.drop()
		close(p.out)
		r.end()
	})
}

// TestHappeningsCostNothingBefore the first, and an event nothing ever.
func TestHappeningsCostNothingBefore(t *testing.T) {
	s := newStand(t, nil).ready()
	before := len(s.Happenings())
	for seq := range 100 {
		s.event(seq + 2)
	}
	if n := len(s.Happenings()); n != before {
		t.Errorf("%d happenings after events, %d before", n, before)
	}
	if (&Shard{}).Happenings() != nil {
		t.Error("a shard to which nothing happened has happenings")
	}
}
