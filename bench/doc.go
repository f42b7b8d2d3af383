// Package bench holds benchmarks of every stage of the way of the data, and of
// the whole way, on a bot's generated traffic:
//
//	go test -run='^$' -bench=. ./bench
//
// and BenchmarkTrace on recorded traffic: a sample, or yours with -args -trace=FILE.
//
// An operation is one event wherever the name does not say otherwise, and ns/op
// is what it costs. Compare figures of one run only, and several of them: the
// machine around a benchmark changes from minute to minute.
package bench
