//go:build race && !safe

package lend

const raceEnabled = true
