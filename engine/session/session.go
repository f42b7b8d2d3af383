// Package session keeps the sessions of a bot's shards over restarts: use [File] as
// engine.Config.Sessions, and a deploy loses no event and sends no identify. To keep them
// in a database instead, implement [Store]; that needs this package alone.
// [Snapshot.AppendText] and [Parse] have the text of what is kept.
package session

// Session is what the gateway keeps for a shard over its connections, and what
// it takes to resume it: on the next connection, by another engine, or by the
// next process. Its zero value is no session.
type Session struct {
	// ID is session_id as READY gave it.
	ID string `json:"id"`

	// ResumeURL is resume_gateway_url as READY gave it, as ws:// or wss://, or ""
	// if there was none or it may not be used; a resume then goes to the first
	// URL.
	ResumeURL string `json:"resume_url"`

	// Seq is the sequence of the last event whose callbacks have returned. It is
	// 0 until READY has been delivered; such a session cannot be resumed.
	Seq int64 `json:"seq"`
}
