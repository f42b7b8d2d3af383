//go:build race

package lend

const raceEnabled = true
