// Package eventlog keeps the last events of a shard, in the order in which they came, for all who read
// them at a pace of their own. An event is stored once, however many read it. What is kept is bounded in
// bytes and in age; who falls behind finds that out when it looks.
//
// A [Log] belongs to its owner, who guards it with a mutex. Events do not change once they are
// appended, so a [Span] of them is read without that mutex.
package eventlog
