package main

import (
	"fmt"
	"slices"
	"strings"
)

// bar is a client with one compression.
type bar struct {
	label string
	value float64 // CPU µs an event, the median
	own   bool
}

// The picture's measures, in its own units.
const (
	barHeight  = 18
	barGap     = 6
	barLeft    = 220
	barWidth   = 400
	panelGap   = 34
	pictureTop = 16
	width      = barLeft + barWidth + 90
)

// svg draws a panel of bars for each of the loads in which events flow: the CPU
// time of an event, less is better. Its colours suit light and dark pages.
func (o *outcome) svg() string {
	var b strings.Builder
	y := pictureTop
	for _, l := range o.loads() {
		bars := o.bars(l)
		if l.idle || len(bars) == 0 {
			continue
		}
		most := slices.MaxFunc(bars, func(a, b bar) int { return int(a.value - b.value) }).value
		fmt.Fprintf(&b, `<text x="0" y="%d" class="title">%s: CPU µs per event, TLS</text>`+"\n", y+12, escape(o.Titles[l.name]))
		y += 22
		for _, bar := range bars {
			class := "rival"
			if bar.own {
				class = "own"
			}
			w := max(1, bar.value/most*barWidth)
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, barLeft-8, y+13, escape(bar.label))
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" class="%s"/>`, barLeft, y, w, barHeight, class)
			fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.1f</text>`+"\n", barLeft+w+6, y+13, bar.value)
			y += barHeight + barGap
		}
		y += panelGap - barGap
	}
	height := max(y-panelGap+pictureTop, pictureTop)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="CPU time per event of gateway clients">
<style>
text { font: 13px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600 }
.own { fill: #1f883d }
.rival { fill: #8c959f }
@media (prefers-color-scheme: dark) { text { fill: #c9d1d9 } }
</style>
`, width, height, width, height) + b.String() + "</svg>\n"
}

// bars returns the medians of a load, the cheapest first.
func (o *outcome) bars(l load) []bar {
	var bars []bar
	for _, compression := range compressions {
		for _, name := range names() {
			if heats, _ := o.of(l.name, compression, name); len(heats) > 0 {
				s := summarize(heats, (*heat).cpuPerEvent)
				bars = append(bars, bar{name + ", " + compression, s.median, name == field[0].name})
			}
		}
	}
	slices.SortFunc(bars, func(a, b bar) int {
		if a.value < b.value {
			return -1
		}
		return 1
	})
	return bars
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
