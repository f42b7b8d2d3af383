package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// failure is an error of the work itself; every other one is of the call.
type failure struct{ err error }

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail marks an error as one of the work.
func fail(err error) error {
	if err == nil {
		return nil
	}
	return &failure{err}
}

// describe tells an error to people, one line for each that is joined in it.
// Shards that stopped for the same cause share a line, and the names of packages,
// which help programmers, are left out.
func describe(err error) []string {
	var lines []string
	stopped := make(map[string][]int) // shards by line
	for _, err := range leaves(err) {
		var stop *lifecycle.StopError
		if !errors.As(err, &stop) {
			lines = append(lines, plain(err))
			continue
		}
		line := plain(cause(stop))
		if stopped[line] == nil {
			lines = append(lines, line)
		}
		stopped[line] = append(stopped[line], stop.Shard)
	}
	for i, line := range lines {
		if shards := stopped[line]; shards != nil {
			lines[i] = shardList(shards) + " stopped: " + line
		}
	}
	return lines
}

// leaves returns the errors that errors.Join put together, by whatever depth.
func leaves(err error) []error {
	for {
		joined, ok := err.(interface{ Unwrap() []error })
		if _, isStop := err.(*lifecycle.StopError); ok && !isStop && strings.Contains(err.Error(), "\n") {
			var all []error
			for _, e := range joined.Unwrap() {
				all = append(all, leaves(e)...)
			}
			return all
		}
		failed, ok := err.(*failure)
		if !ok {
			return []error{err}
		}
		err = failed.err
	}
}

// cause returns why a shard stopped, without saying which.
func cause(stop *lifecycle.StopError) error {
	if stop.Code == 0 {
		return stop.Err
	}
	if remedy := stop.Code.Remedy(); remedy != "" {
		return fmt.Errorf("%v: %s", stop.Code, strings.TrimSuffix(remedy, "."))
	}
	return errors.New(stop.Code.String())
}

// plain returns an error's text without the names of packages, which stand in
// front of it and of what it wraps.
func plain(err error) string {
	text := err.Error()
	for _, name := range []string{"engine: ", "gateway: ", "gatewaytest: ", "trace: "} {
		text = strings.ReplaceAll(strings.TrimPrefix(text, name), ": "+name, ": ")
	}
	return text
}

// shardList names shards, the first few of many.
func shardList(shards []int) string {
	if len(shards) == 1 {
		return "shard " + strconv.Itoa(shards[0])
	}
	const most = 8
	slices.Sort(shards)
	var names []string
	for _, shard := range shards[:min(len(shards), most)] {
		names = append(names, strconv.Itoa(shard))
	}
	text := "shards " + strings.Join(names, ", ")
	if more := len(shards) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
