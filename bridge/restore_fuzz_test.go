package bridge

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"log/slog"
	"testing"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/bridge/internal/journal"
	"github.com/sluice-go/sluice/bridge/internal/state"
	"github.com/sluice-go/sluice/gateway"
)

// newReader returns a bridge that reads shards and does nothing else.
func newReader() *Bridge {
	config := Config{Bots: []Bot{{"bot", fuzzToken}}}
	return &Bridge{
		config: config, logger: slog.New(slog.DiscardHandler), keys: newKeyring(&config), dictionary: state.NewDictionary(),
		sessions: map[string]*session{},
	}
}

// handedOver returns a shard as it goes to a peer.
func handedOver(tb testing.TB, sh *shard) []byte {
	var out bytes.Buffer
	stream, err := journal.NewStream(&out)
	m := sh.moment(func() {})
	for _, step := range []func() error{
		func() error { return err },
		func() error { return m.writeState(stream) },
		func() error { return stream.Append(journal.Start) },
		func() error { return sh.writeEvents(stream, &m.events, allEvents) },
		func() error { return writeSessions(stream, m.sessions) },
		func() error { return stream.Append(journal.Commands, encoded(sh.commands.record(time.Now()))) },
		func() error { return stream.Append(journal.Mark) },
		func() error { return stream.Append(journal.Cut, encoded(&cutRecord{sh.upstream, sh.seq})) },
	} {
		if err := step(); err != nil {
			tb.Fatal(err)
		}
	}
	return out.Bytes()
}

// newExample returns a shard with guilds, events and a bot.
func newExample(tb testing.TB) *shard {
	sh := newShard(newReader(), 1, 4)
	sh.upstream, sh.seq, sh.intents = "discord's", 7, gateway.IntentsAll
	for _, e := range []struct {
		t gateway.EventType
		d string
	}{
		{gateway.EventReady, `{"v":10,"user":{"id":"5"},"guilds":[{"id":"4194304","unavailable":true}],"session_id":"discord's"}`},
		{gateway.EventGuildCreate, `{"id":"4194304","name":"g","channels":[{"id":"9","type":0,"name":"c"}],"member_count":3}`},
	} {
		if err := sh.state.Apply(e.t, []byte(e.d)); err != nil {
			tb.Fatal(err)
		}
	}
	s := &session{id: "00-1-4", shard: sh, client: sh.bridge.keys.named("bot"), events: gateway.AllDispatches(), number: 1, marks: []mark{{2, 1}}}
	sh.number, sh.sessions, sh.wanted = 1, []*session{s}, s.events
	sh.commands.askers.note(s, "<own>")
	sh.commands.queues = []*queue{{s, [][]byte{[]byte(`{"op":31,"d":{"guild_ids":["4194304"]}}`)}}}
	sh.commands.presence = []byte(`{"op":3,"d":{}}`)
	sh.commands.changed = []time.Time{time.Now()}
	for i := range 20 {
		sh.log.Append(time.Time{}, &eventlog.Event{
			Type: gateway.EventMessageCreate, Seq: int64(i), Name: []byte("MESSAGE_CREATE"), Data: fmt.Appendf(nil, `{"id":"%d"}`, i),
		})
	}
	return sh
}

// TestReadShard: what is handed over arrives, and nothing of it where its end is missing.
func TestReadShard(t *testing.T) {
	data := handedOver(t, newExample(t))
	at := place{1, 4}
	sh, err := newReader().readShard(bytes.NewReader(data), at, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(sh.sessions) != 1 || sh.sessions[0].seq != 22 || sh.seq < 19 || sh.log.Last() != 20 || len(sh.state.Views()) != 1 {
		t.Errorf("%d sessions, sequence %d, %d events, %d guilds", len(sh.sessions), sh.seq, sh.log.Last(), len(sh.state.Views()))
	}
	if cs := &sh.commands; len(cs.askers.open) != 1 || len(cs.queues) != 1 || cs.presence == nil || len(cs.changed) != 1 {
		t.Errorf("what bots wait for has not come: %+v", cs)
	}
	for n := range len(data) {
		if _, err := newReader().readShard(bytes.NewReader(data[:n]), at, nil); err == nil {
			t.Fatalf("%d of %d bytes count as whole", n, len(data))
		}
	}
	if _, err := newReader().readShard(bytes.NewReader(append(data, data[len("sluice bridge 1\n"):]...)), at, nil); err == nil {
		t.Error("something behind the cut is taken")
	}
	if _, err := newReader().readShard(bytes.NewReader(data), place{2, 4}, nil); err == nil {
		t.Error("another shard is taken")
	}
}

// TestStateBeforeEvents: an event behind the state is applied to it also where it stands in front of the snapshot's end.
func TestStateBeforeEvents(t *testing.T) {
	sh := newExample(t)
	var out bytes.Buffer
	stream, _ := journal.NewStream(&out) // a bytes.Buffer takes everything
	m := sh.moment(func() {})
	sh.log.Append(time.Time{}, &eventlog.Event{
		Type: gateway.EventChannelDelete, Seq: 30, Name: []byte("CHANNEL_DELETE"), Data: []byte(`{"id":"9","guild_id":"4194304"}`),
	})
	_ = m.writeState(stream)
	_ = sh.writeEvents(stream, &m.events, m.head.Live)
	_ = stream.Append(journal.Start)
	_ = stream.Append(journal.Cut, encoded(&cutRecord{sh.upstream, 30}))
	got, err := newReader().readShard(&out, place{1, 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	guild := got.state.Views()[0]
	if text, err := guild.AppendCreate(nil); err != nil || bytes.Contains(text, []byte(`"9"`)) {
		t.Errorf("%s, %v: the channel is still there", text, err)
	}
}

// FuzzReadShard: whatever a peer hands over, reading it ends, and what was taken is the same when it is handed over again.
func FuzzReadShard(f *testing.F) {
	data := handedOver(f, newExample(f))
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Fuzz(checkReadShard)
}

// FuzzRecords is FuzzReadShard of records that have their checksums: a fuzzer makes none. Each is a byte with its kind, two with its
// length, and its body.
func FuzzRecords(f *testing.F) {
	var all []byte
	err := journal.Read(bytes.NewReader(handedOver(f, newExample(f))), maxJournal, func(kind journal.Kind, body []byte) error {
		all = append(binary.LittleEndian.AppendUint16(append(all, byte(kind)), uint16(len(body))), body...)
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, records []byte) {
		var data bytes.Buffer
		stream, _ := journal.NewStream(&data) // a bytes.Buffer takes everything
		for len(records) >= 3 {
			kind, n := journal.Kind(records[0]), min(int(binary.LittleEndian.Uint16(records[1:])), len(records)-3)
			body := bytes.Clone(records[3 : 3+n])
			if records = records[3+n:]; kind == journal.State && n > crc32.Size { // it has a checksum of its own
				body = binary.BigEndian.AppendUint32(body[:n-crc32.Size], crc32.Checksum(body[:n-crc32.Size], crc32.MakeTable(crc32.Castagnoli)))
			}
			_ = stream.Append(kind, body)
		}
		checkReadShard(t, data.Bytes())
	})
}

// checkReadShard reads a shard, and wants what was taken to be the same when it is handed over again.
func checkReadShard(t *testing.T, data []byte) {
	waiting := func(sh *shard) [3]int {
		return [3]int{len(sh.commands.askers.open), len(sh.commands.queues), len(sh.commands.presence)}
	}
	sh, err := newReader().readShard(bytes.NewReader(data), place{1, 4}, nil)
	if err != nil {
		return
	}
	again, err := newReader().readShard(bytes.NewReader(handedOver(t, sh)), place{1, 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.sessions) != len(sh.sessions) || again.seq != sh.seq || again.log.Last() != sh.log.Last() || len(again.state.Views()) != len(sh.state.Views()) {
		t.Errorf("%d sessions, sequence %d, index %d, %d guilds became %d, %d, %d, %d", len(sh.sessions), sh.seq, sh.log.Last(), len(sh.state.Views()),
			len(again.sessions), again.seq, again.log.Last(), len(again.state.Views()))
	}
	if waiting(again) != waiting(sh) {
		t.Errorf("what bots wait for was %v, and became %v", waiting(sh), waiting(again))
	}
}
