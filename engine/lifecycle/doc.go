// Package lifecycle has the words for what becomes of a shard: the states that it
// goes through, why its connections end, what is lost and what is resumed, and what
// stops it for good. Package engine tells its users in these words, in events, views,
// statistics and errors; who writes a dashboard, or an adapter, needs no more.
//
// It imports nothing of the engine.
package lifecycle
