package state

import (
	"encoding/binary"

	"github.com/sluice-go/sluice/lazyjson"
)

// A list is one of a guild's lists, or its head.
type list uint8

const (
	head list = iota
	roles
	emojis
	stickers
	sounds
	happenings
	stages
	channels
	threads
	voices
	people
	presences
	numLists
)

// A group is what is compressed together.
type group uint8

const (
	settled     group = iota // what changes once in a while
	expressions              // what can be long, and comes whole when any of it changes
	voice                    // who is where
	numGroups
)

// lists says where a list stands in GUILD_CREATE, by what its elements are known, and where it lies.
var lists = [numLists]struct {
	name  string
	key   []string // path to the id of an element
	group group
}{
	head:       {"", nil, settled},
	roles:      {"roles", []string{"id"}, settled},
	emojis:     {"emojis", []string{"id"}, expressions},
	stickers:   {"stickers", []string{"id"}, expressions},
	sounds:     {"soundboard_sounds", []string{"sound_id"}, expressions},
	happenings: {"guild_scheduled_events", []string{"id"}, settled},
	stages:     {"stage_instances", []string{"id"}, settled},
	channels:   {"channels", []string{"id"}, settled},
	threads:    {"threads", []string{"id"}, settled},
	voices:     {"voice_states", []string{"user_id"}, voice},
	people:     {"members", []string{"user", "id"}, voice},
	presences:  {"presences", []string{"user", "id"}, voice},
}

// listNamed returns the list of that name.
func listNamed(name []byte) (list, bool) {
	for l := roles; l < numLists; l++ {
		if lists[l].name == string(name) {
			return l, true
		}
	}
	return 0, false
}

// keyOf returns the key of an element: its id, 0 if it has none.
func (l list) keyOf(element lazyjson.Value) uint64 {
	id, _ := element.Get(lists[l].key...).Snowflake()
	return id
}

// Rows lie one behind the other: list (1 byte), key (8), length, row. Those of a list keep their order.

// appendRow appends a row.
func appendRow(dst []byte, l list, key uint64, row []byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, byte(l)), key)
	dst = binary.AppendUvarint(dst, uint64(len(row)))
	return append(dst, row...)
}

// takeRow takes the row that b begins with.
func takeRow(b []byte) (l list, key uint64, row, rest []byte, ok bool) {
	if len(b) < 10 || b[0] >= byte(numLists) {
		return 0, 0, nil, nil, false
	}
	row, rest, ok = takeBytes(b[9:])
	return list(b[0]), binary.BigEndian.Uint64(b[1:]), row, rest, ok
}

// An index holds the rows of a guild.
type index struct {
	groups [numGroups][]byte // rows
}

// each calls yield for each row of a list, until that reports false.
func (x *index) each(l list, yield func(key uint64, row []byte) bool) bool {
	for b := x.groups[lists[l].group]; len(b) > 0; {
		of, key, row, rest, ok := takeRow(b)
		if !ok || of == l && !yield(key, row) {
			return false
		}
		b = rest
	}
	return true
}

// list appends a list as a JSON array.
func (d *decoder) list(dst []byte, l list, orNull bool) ([]byte, bool) {
	if l == head || l >= numLists {
		return dst, false
	}
	in := decoder{shapes: d.shapes, guild: d.guild}
	separator := byte('[')
	ok := d.lists.each(l, func(key uint64, row []byte) (ok bool) {
		in.key = key
		dst = append(dst, separator)
		dst, _, ok = in.value(dst, row, 2)
		separator = ','
		return ok
	})
	if separator == '[' {
		if orNull {
			return append(dst, "null"...), ok
		}
		dst = append(dst, separator)
	}
	return append(dst, ']'), ok
}
