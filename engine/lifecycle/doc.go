// Package lifecycle has the words for what becomes of a shard: import it to tell apart the
// errors that end Run, and to read states, causes, losses and resumes in the engine's
// events, views and statistics. A dashboard or an adapter needs no more than these words.
//
// It imports nothing of the engine.
package lifecycle
