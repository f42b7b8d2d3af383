package gateway

import "encoding/binary"

// The names of dispatches are told apart by a perfect hash: their length, four bytes at a
// quarter of it and the last four select one slot each in a table. lookupFactor was found by
// trying odd numbers until no two names met; a name that is added needs the test beside this
// file to find another.
const (
	lookupFactor = 0xad9fc5dd03674e65
	lookupBits   = 9

	minNameLen = len("READY")
	maxNameLen = len("APPLICATION_COMMAND_PERMISSIONS_UPDATE")
)

// lookupTable holds at each slot the one type whose name can be there; EventUnknown where none.
var lookupTable = makeLookupTable(lookupFactor)

func makeLookupTable(factor uint64) (table [1 << lookupBits]EventType) {
	for t := EventUnknown + 1; t.IsDispatch(); t++ {
		table[lookupSlot([]byte(eventNames[t]), factor)] = t
	}
	return table
}

// lookupSlot returns the slot of a name of at least minNameLen bytes.
func lookupSlot(name []byte, factor uint64) uint64 {
	n := len(name)
	quarter := uint64(binary.LittleEndian.Uint32(name[n/4:]))
	last := uint64(binary.LittleEndian.Uint32(name[n-4:]))
	return ((quarter+uint64(n))<<32 | last) * factor >> (64 - lookupBits)
}

// ParseEventType returns the dispatch whose name is in name, the bytes between the quotes of t, or
// [EventUnknown]. Names of what is no dispatch, such as "HELLO", are unknown here: the gateway
// never sends them. It allocates nothing and does not keep name.
func ParseEventType(name []byte) EventType {
	if len(name) < minNameLen || len(name) > maxNameLen {
		return EventUnknown
	}
	t := lookupTable[lookupSlot(name, lookupFactor)]
	if string(name) != eventNames[t] {
		return EventUnknown
	}
	return t
}
