package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-go/sluice/bench/compare/proc"
)

// results are the figures of all rounds.
type results struct {
	loads []load
	names []string
	all   map[string][]*figures // by load and contender
}

func key(load, contender string) string { return load + "/" + contender }

func (r *results) add(l load, contender string, f *figures) {
	if !slices.Contains(r.loads, l) {
		r.loads = append(r.loads, l)
	}
	if !slices.Contains(r.names, contender) {
		r.names = append(r.names, contender)
	}
	if r.all == nil {
		r.all = make(map[string][]*figures)
	}
	r.all[key(l.name, contender)] = append(r.all[key(l.name, contender)], f)
}

// spread is the median of some figures, the least and the most.
type spread struct{ median, low, high float64 }

func summarize(list []*figures, figure func(*figures) float64) (s spread, ok bool) {
	if len(list) == 0 {
		return s, false
	}
	var values []float64
	for _, f := range list {
		values = append(values, figure(f))
	}
	slices.Sort(values)
	n := len(values)
	return spread{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}, true
}

// ratio compares sluice's median with another's.
func ratio(own, other spread, contender string) string {
	if own.median == 0 || other.median == 0 || contender == "sluice" {
		return "–"
	}
	return fmt.Sprintf("%.2f", own.median/other.median)
}

func (r *results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "On %s.\n", proc.Machine())
	cpu := "\n| load | bridge | CPU µs/event, median (least – most) | sluice ÷ it | delivered | sleeps and wakes/event |\n|---|---|---|---|---|---|\n"
	for _, l := range r.loads {
		if l.rate == 0 {
			continue
		}
		own, _ := summarize(r.all[key(l.name, "sluice")], (*figures).cpuPerEvent)
		for _, name := range r.names {
			list := r.all[key(l.name, name)]
			s, ok := summarize(list, (*figures).cpuPerEvent)
			if !ok {
				continue
			}
			delivered, _ := summarize(list, func(f *figures) float64 { return f.delivered })
			wakes, _ := summarize(list, func(f *figures) float64 { return float64(f.span.Voluntary) / float64(f.events) })
			fmt.Fprintf(&b, "%s| %s | %s | %.1f (%.1f – %.1f) | %s | %.3f | %.2f |\n", cpu, l.title, name, s.median, s.low, s.high,
				ratio(own, s, name), delivered.median, wakes.median)
			cpu = ""
		}
	}
	r.memory(&b)
	return b.String()
}

// memory writes what a guild takes: the difference to the same shards without guilds.
func (r *results) memory(b *strings.Builder) {
	var filled load
	for _, l := range r.loads {
		if l.rate == 0 && l.guilds > 0 {
			filled = l
		}
	}
	if filled.guilds == 0 {
		return
	}
	now := func(f *figures) float64 { return float64(f.rss) }
	alone := func(f *figures) float64 { return float64(f.alone) }
	guild := func(name string, figure func(*figures) float64) spread {
		s, _ := summarize(r.all[key(filled.name, name)], figure)
		empty, _ := summarize(r.all[key(noGuilds, name)], figure)
		n := float64(filled.shards * filled.guilds)
		return spread{(s.median - empty.median) / n / 1e3, (s.low - empty.median) / n / 1e3, (s.high - empty.median) / n / 1e3}
	}
	fmt.Fprintf(b, "\n| bridge | RSS MB without guilds | with %d guilds, before bots | with their bots | KB/guild before bots | KB/guild, median (least – most) | sluice ÷ it |\n|---|---|---|---|---|---|---|\n",
		filled.shards*filled.guilds)
	for _, name := range r.names {
		empty, ok := summarize(r.all[key(noGuilds, name)], now)
		first, has := summarize(r.all[key(filled.name, name)], alone)
		if !ok || !has {
			continue
		}
		last, _ := summarize(r.all[key(filled.name, name)], now)
		s := guild(name, now)
		fmt.Fprintf(b, "| %s | %.1f | %.1f | %.1f | %.2f | %.2f (%.2f – %.2f) | %s |\n", name, empty.median/1e6, first.median/1e6, last.median/1e6,
			guild(name, alone).median, s.median, s.low, s.high, ratio(guild("sluice", now), s, name))
	}
}
