package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

const (
	tableBegin = "<!-- race: begin; written by go run ./race -->"
	tableEnd   = "<!-- race: end -->"
)

// publish writes the table between the marks of a document, or to standard output
// where there is no such document, and the picture.
func publish(o *outcome, doc, picture string) error {
	table := o.markdown()
	fmt.Print(table)
	if doc != "" {
		text, err := os.ReadFile(doc)
		if err != nil {
			return err
		}
		before, rest, ok := strings.Cut(string(text), tableBegin)
		_, after, ok2 := strings.Cut(rest, tableEnd)
		if !ok || !ok2 {
			return fmt.Errorf("%s has no lines %q and %q to write the table between", doc, tableBegin, tableEnd)
		}
		text = []byte(before + tableBegin + "\n" + table + tableEnd + after)
		if err := os.WriteFile(doc, text, 0o644); err != nil {
			return err
		}
	}
	if picture == "" {
		return nil
	}
	return os.WriteFile(picture, []byte(o.svg()), 0o644)
}

// markdown returns a table for each load.
func (o *outcome) markdown() string {
	var b strings.Builder
	form, cores := "short", "neither bound to a core"
	if o.Full {
		form = "full"
	}
	if o.ClientCore >= 0 {
		cores = fmt.Sprintf("client on core %d, gateway on core %d", o.ClientCore, o.ServerCore)
	}
	fmt.Fprintf(&b, "Run of %s, %s form, %d rounds, on %s; %s.\n", o.Date, form, o.Rounds, o.Machine, cores)
	for _, l := range o.loads() {
		if !slices.ContainsFunc(o.heats, func(h *heat) bool { return h.Load == l.name }) {
			continue
		}
		fmt.Fprintf(&b, "\n### %s: %s\n\n", strings.ToUpper(l.name[:1])+l.name[1:], o.Titles[l.name])
		if l.idle {
			o.idleTable(&b, l)
		} else {
			o.eventTable(&b, l)
		}
	}
	if o.Recording == nil {
		o.targetTable(&b)
	}
	if len(o.Absent) > 0 {
		b.WriteString("\nLeft out:\n")
		for _, a := range o.Absent {
			fmt.Fprintf(&b, "- %s, %s: %s\n", a.Client, a.Compression, a.Why)
		}
	}
	return b.String()
}

func (o *outcome) eventTable(b *strings.Builder, l load) {
	b.WriteString("| compression | client | CPU µs/event, median (least – most) | sluice ÷ client | user : system | events/s | busy % | sleeps and wakes/event | 1000 instructions/event | peak RSS MB |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	o.rows(b, l, (*heat).cpuPerEvent, func(heats []*heat) string {
		rate := summarize(heats, (*heat).rate).median
		mark := ""
		if due := float64(l.shards) * l.generated(); due > 0 && rate < 0.97*due {
			mark = " †"
		}
		instructions := "–"
		if n := summarize(heats, (*heat).instructions).median; n > 0 {
			instructions = fmt.Sprintf("%.1f", n)
		}
		return fmt.Sprintf("%s | %.0f%s | %.0f | %.3f | %s | %.1f", split(heats), rate, mark, summarize(heats, (*heat).busy).median,
			summarize(heats, (*heat).wakes).median, instructions,
			summarize(heats, func(h *heat) float64 { return float64(h.Lifetime.PeakRSS) / 1e6 }).median)
	}, 6)
	if l.rate > 0 {
		b.WriteString("\n† did not keep up with what was sent.\n")
	}
}

func (o *outcome) idleTable(b *strings.Builder, l load) {
	b.WriteString("| compression | client | RSS KB/shard, median (least – most) | sluice ÷ client | CPU ms/shard to connect | CPU ms/shard/minute | RSS MB without a shard |\n")
	b.WriteString("|---|---|---|---|---|---|---|\n")
	o.rows(b, l, (*heat).rssPerShard, func(heats []*heat) string {
		return fmt.Sprintf("%.2f | %.2f | %.1f",
			summarize(heats, (*heat).connectCPU).median,
			summarize(heats, (*heat).idleCPU).median,
			summarize(heats, func(h *heat) float64 { return float64(h.RSSStart) / 1e6 }).median)
	}, 3)
}

// targetTable compares the ratios with those that this project wants.
func (o *outcome) targetTable(b *strings.Builder) {
	b.WriteString("\n### Targets: sluice ÷ client\n\n")
	b.WriteString("| load | who | with | client | with | at most | aim | now |\n|---|---|---|---|---|---|---|---|\n")
	for _, t := range targets {
		own, _ := o.of(t.load, t.compression, t.own)
		theirs, compression := o.cheapest(t)
		now, aim := "–", "–"
		if len(own) > 0 && len(theirs) > 0 {
			now = fmt.Sprintf("%.2f", summarize(own, figure(t.load)).median/summarize(theirs, figure(t.load)).median)
		}
		if t.aim > 0 {
			aim = fmt.Sprint(t.aim)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %v | %s | %s |\n", t.load, t.own, t.compression, t.client, compression, t.must, aim, now)
	}
}

// figure returns what is compared under a load.
func figure(load string) func(*heat) float64 {
	if load == "idle" {
		return (*heat).rssPerShard
	}
	return (*heat).cpuPerEvent
}

// cheapest returns the heats that a target is compared with.
func (o *outcome) cheapest(t target) (heats []*heat, compression string) {
	if heats, _ := o.of(t.load, t.compression, t.client); len(heats) > 0 {
		return heats, t.compression
	}
	compression = "–"
	for _, c := range compressions {
		h, _ := o.of(t.load, c, t.client)
		if len(h) > 0 && (heats == nil || summarize(h, figure(t.load)).median < summarize(heats, figure(t.load)).median) {
			heats, compression = h, c
		}
	}
	return heats, compression
}

// rows writes a row for each client: the figure, its ratio to sluice's with the
// same compression, and the other columns.
func (o *outcome) rows(b *strings.Builder, l load, figure func(*heat) float64, others func([]*heat) string, columns int) {
	for _, compression := range compressions {
		own, _ := o.of(l.name, compression, field[0].name)
		for _, name := range names() {
			heats, failed := o.of(l.name, compression, name)
			if len(heats) == 0 {
				if failed != "" {
					fmt.Fprintf(b, "| %s | %s | failed: %s |%s\n", compression, name, failed, strings.Repeat(" |", columns+1))
				}
				continue
			}
			s, ratio := summarize(heats, figure), "–"
			if len(own) > 0 && name != field[0].name {
				ratio = fmt.Sprintf("%.2f", summarize(own, figure).median/s.median)
			}
			fmt.Fprintf(b, "| %s | %s | %.1f (%.1f – %.1f) | %s | %s |\n", compression, name, s.median, s.low, s.high, ratio, others(heats))
		}
	}
}

// split returns the shares of user and system time, in per cent.
func split(heats []*heat) string {
	var user, system float64
	for _, h := range heats {
		user += h.Span.User
		system += h.Span.System
	}
	if user+system == 0 {
		return "–"
	}
	share := 100 * user / (user + system)
	return fmt.Sprintf("%.0f : %.0f", share, 100-share)
}

// names returns the clients' names, each once.
func names() []string {
	var list []string
	for _, e := range field {
		if !slices.Contains(list, e.name) {
			list = append(list, e.name)
		}
	}
	return list
}
