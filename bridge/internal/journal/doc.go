// Package journal is the file in which a shard of the bridge outlives its process: a snapshot, and behind it what
// has happened since. When it has grown too long, another one takes its place.
//
// A file is the line "sluice bridge 1" and records, one behind another:
//
//	4 bytes  length of the body, little-endian
//	4 bytes  CRC-32C of all that follows
//	1 byte   kind
//	body
//
// The records up to [Start] are the snapshot, and the file counts only with all of them. Behind it a process
// may have died in the middle of a record; the file ends where the last whole one does. Where a shard is handed over
// to another process, its journal goes over the network instead, and is whole with [Cut].
package journal
