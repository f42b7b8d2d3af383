package state

import (
	"bytes"
	"testing"

	"github.com/sluice-go/sluice/internal/traffic"
	"github.com/sluice-go/sluice/lazyjson"
)

// FuzzRows takes rows and a log from a file that makes no sense: nothing panics, and what can be packed is
// the same again when it is unpacked.
func FuzzRows(f *testing.F) {
	dict := NewDictionary()
	s := NewShard(Config{Dictionary: dict, Members: true})
	ids := traffic.GuildIDs(0, 1, 1)
	create := traffic.NewMaker(1, 0, 0).GuildCreate(nil, ids[0], 1)
	s.beginEvent()
	if err := s.takeCreate(lazyjson.ValueOf(create)); err != nil {
		f.Fatal(err)
	}
	log := appendOp(nil, opDropRole, people, 5, nil)
	for b := s.rows[settled]; len(b) > 0; {
		l, key, row, rest, _ := takeRow(b)
		log = appendOp(log, op(key%uint64(numOps)), l, key, row)
		b = rest
	}
	f.Add(bytes.Clone(s.rows[settled]), log)
	f.Add(bytes.Clone(s.rows[voice]), log)
	f.Fuzz(func(t *testing.T, rows, log []byte) {
		w := workshop{shapes: dict.shapes, guild: ids[0]}
		if applied, ok := w.apply(bytes.Clone(rows), log); ok {
			rows = applied
		}
		base, err := dict.pack(rows)
		if err != nil {
			return
		}
		again, err := dict.unpack(nil, base)
		if err != nil {
			t.Fatal(err)
		}
		if before, after := rendered(dict, rows), rendered(dict, again); before != after {
			t.Fatalf("%s\nwas %s", after, before)
		}
		if _, err := appendCreate(nil, dict, decoder{guild: ids[0]}, &[numGroups]packed{settled: {base: base, log: log}}); err != nil {
			t.Log(err)
		}
	})
}

// rendered is all rows as JSON.
func rendered(dict *Dictionary, rows []byte) string {
	var text []byte
	for len(rows) > 0 {
		l, key, row, rest, ok := takeRow(rows)
		if !ok {
			return "damaged"
		}
		d := decoder{shapes: dict.shapes.all(), key: key, lists: new(index)}
		if text, _, ok = d.value(append(text, '\n', 'a'+byte(l)), row, 0); !ok {
			text = append(text, "damaged"...)
		}
		rows = rest
	}
	return string(text)
}

// FuzzJoin joins streams that make no sense.
func FuzzJoin(f *testing.F) {
	dict := NewDictionary()
	s := NewShard(Config{Dictionary: dict})
	s.beginEvent()
	if err := s.takeCreate(lazyjson.ValueOf([]byte(baseGuild))); err != nil {
		f.Fatal(err)
	}
	split := streamPool.New().(*streams)
	if !split.split(s.rows[settled], dict.shapes.all()) {
		f.Fatal("the rows are damaged")
	}
	p := split.parts
	f.Add(p[partTags], p[partHigh], p[partRefs], p[partNumbers], p[partLengths], p[partTexts], p[partRandom])
	f.Fuzz(func(t *testing.T, tags, high, refs, numbers, lengths, texts, random []byte) {
		s := streamPool.New().(*streams)
		s.parts = [numParts][]byte{tags, high, refs, numbers, lengths, texts, random}
		rows, ok := s.join(nil, dict.shapes.all())
		if again := streamPool.New().(*streams); ok && !again.split(rows, dict.shapes.all()) {
			t.Fatalf("no rows: %q", rows)
		}
	})
}
