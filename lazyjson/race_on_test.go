//go:build race

package lazyjson

// raceEnabled: the race detector allocates on its own account, so allocations
// are not counted.
const raceEnabled = true
