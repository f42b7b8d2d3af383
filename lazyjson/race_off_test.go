//go:build !race

package lazyjson

const raceEnabled = false
