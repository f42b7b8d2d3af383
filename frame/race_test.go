//go:build race

package frame

// raceEnabled says that the race detector is on, which allocates and is slow.
const raceEnabled = true
