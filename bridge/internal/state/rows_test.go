package state

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
	"github.com/sluice-go/sluice/lazyjson"
)

// FuzzRows takes rows and a log from a file that makes no sense: nothing panics, and what can be packed is
// the same again when it is unpacked.
func FuzzRows(f *testing.F) {
	dict, _ := taughtDictionary(f)
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
		refs := appendRefs(nil, rows)
		slices.SortStableFunc(refs, func(a, b ref) int { return cmp.Compare(a.list, b.list) })
		var base string
		for _, refs := range [][]ref{refs, nil} {
			var err error
			if base, err = dict.pack(ids[0], refs, rows); err != nil {
				return
			}
			again, err := dict.unpack(nil, ids[0], refs, base)
			if err != nil {
				t.Fatal(err)
			}
			if before, after := rendered(dict, rows), rendered(dict, again); before != after {
				t.Fatalf("%s\nwas %s", after, before)
			}
		}
		if again, err := dict.appendRefs(nil, ids[0], base); err != nil || !slices.Equal(again, refs) {
			t.Fatalf("%v; refs are %v, want %v", err, again, refs)
		}
		if _, err := appendCreate(nil, dict, decoder{guild: ids[0]}, &packed{base: newRest([numGroups]string{settled: base}), logs: logs{settled: log}}); err != nil {
			t.Log(err)
		}
	})
}

// rendered is all rows as JSON, by lists.
func rendered(dict *Dictionary, rows []byte) string {
	var texts [numLists][]byte
	for len(rows) > 0 {
		l, key, row, rest, ok := takeRow(rows)
		if !ok {
			return "damaged"
		}
		d := decoder{shapes: dict.shapes.all(), key: key, lists: new(index)}
		if texts[l], _, ok = d.value(fmt.Appendf(texts[l], "\n%d %d ", l, key), row, 0); !ok {
			texts[l] = append(texts[l], "damaged"...)
		}
		rows = rest
	}
	return string(bytes.Join(texts[:], nil))
}

// FuzzUnpack unpacks bits that make no sense: what comes of them can be packed.
func FuzzUnpack(f *testing.F) {
	dict, samples := taughtDictionary(f)
	eachSample(samples, func(guild uint64, rows []byte) {
		packed, err := dict.pack(guild, nil, rows)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(guild, packed)
	})
	f.Fuzz(func(t *testing.T, guild uint64, packed string) {
		rows, err := dict.unpack(nil, guild, nil, packed)
		if err != nil {
			return
		}
		packed, err = dict.pack(guild, nil, rows)
		if err != nil {
			t.Fatalf("%v: %q", err, rows)
		}
		again, err := dict.unpack(nil, guild, nil, packed)
		if err != nil {
			t.Fatal(err)
		}
		if before, after := rendered(dict, rows), rendered(dict, again); before != after {
			t.Fatalf("%s\nwas %s", after, before)
		}
	})
}

// FuzzTrain makes statistics of what makes no sense, and packs that with them.
func FuzzTrain(f *testing.F) {
	dict, samples := taughtDictionary(f)
	f.Add(samples)
	f.Fuzz(func(t *testing.T, samples []byte) {
		all := dict.shapes.all()
		d := &Dictionary{shapes: dict.shapes}
		d.learned.Store(&learned{statistics: train(samples, all)})
		eachSample(samples, func(guild uint64, rows []byte) {
			packed, err := d.pack(guild, nil, rows)
			if err != nil {
				return
			}
			again, err := d.unpack(nil, guild, nil, packed)
			if err != nil {
				t.Fatal(err)
			}
			if before, after := rendered(dict, rows), rendered(dict, again); before != after {
				t.Fatalf("%s\nwas %s", after, before)
			}
		})
	})
}

// taughtDictionary returns a dictionary with statistics of few guilds, and its samples.
func taughtDictionary(t testing.TB) (*Dictionary, []byte) {
	dict := NewDictionary()
	s := NewShard(Config{Dictionary: dict, Members: true})
	maker := traffic.NewMaker(1, 0, 0)
	for i, id := range traffic.GuildIDs(0, 1, 6) {
		create := maker.GuildCreate(nil, id, 1+i*3000)
		if i == 5 {
			create = []byte(baseGuild)
		}
		if err := s.Apply(gateway.EventGuildCreate, create); err != nil {
			t.Fatal(err)
		}
	}
	samples := dict.samples
	dict.learned.Store(&learned{train(samples, dict.shapes.all()), zstdCodec().encoder.EncodeAll(samples, nil)})
	return dict, samples
}
