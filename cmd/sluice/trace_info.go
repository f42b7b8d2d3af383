package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine/trace"
)

func newTraceInfo() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info FILE",
		Short: "Show what a trace holds: events by type, sizes, rates over time",
		Args:  oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return openTrace(args[0], func(r *trace.Reader) error {
				info, err := survey(args[0], r)
				if err != nil {
					return err
				}
				if asJSON {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(info)
				}
				return info.print(cmd.OutOrStdout())
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on standard output instead of text")
	return cmd
}

// traceInfo is what trace info shows. With --json its fields are one object.
type traceInfo struct {
	File        string           `json:"file"`
	Complete    bool             `json:"complete"`        // it was closed, and has an index
	Truncated   int64            `json:"truncated_bytes"` // behind the last whole block
	Redacted    bool             `json:"redacted"`
	Compression string           `json:"compression"` // that the client asked for
	Shards      int              `json:"shards"`      // of the bot, 0: not known
	ShardsSeen  int              `json:"shards_seen"`
	First       time.Time        `json:"first"`
	Latest      time.Time        `json:"latest"`
	Records     int64            `json:"records"`
	Dropped     int64            `json:"dropped"` // left out because the disk did not keep up
	Kinds       map[string]int64 `json:"kinds"`
	Size        int64            `json:"bytes"`
	Raw         int64            `json:"bytes_raw"`
	Wire        int64            `json:"bytes_wire"` // of payloads whose size on the wire is known
	Events      []*eventInfo     `json:"events"`
	Rates       []float64        `json:"rates"` // events a second, over the whole span in equal parts
}

// eventInfo is a type of event, or of another payload.
type eventInfo struct {
	Name    string `json:"name"`
	Count   int64  `json:"count"`
	Bytes   int64  `json:"bytes"`
	Median  int    `json:"median_bytes"`
	Largest int    `json:"largest_bytes"`

	sizes [64 * 8]int64 // counts of sizes, eight classes for each power of two
}

// chartWidth is how many parts the span of a trace has in the chart.
const chartWidth = 60

// maxNames bounds how many types a trace can have the table show.
const maxNames = 500

// survey reads the whole trace.
func survey(file string, r *trace.Reader) (*traceInfo, error) {
	h := r.Header()
	info := &traceInfo{
		File: file, Complete: r.Complete(), Truncated: r.Truncated(), Redacted: h.Redacted(), Compression: h.Compression.String(),
		Shards: h.Shards, Records: r.Records(), Dropped: r.Dropped(), Size: r.Size(), Raw: r.Raw(), Kinds: make(map[string]int64),
		Rates: make([]float64, chartWidth),
	}
	info.First, info.Latest = r.Span()
	span := info.Latest.Sub(info.First)
	events := make(map[string]*eventInfo)
	shards := make(map[int]bool)
	for rec, err := range r.All() {
		if err != nil {
			return nil, err
		}
		info.Kinds[rec.Kind.String()]++
		if len(shards) < 1<<20 {
			shards[rec.Shard] = true
		}
		if rec.Kind != trace.Received {
			continue
		}
		info.Wire += int64(rec.Wire)
		part := 0
		if span > 0 {
			part = int(float64(chartWidth) * float64(rec.At.Sub(info.First)) / float64(span))
		}
		info.Rates[max(0, min(part, chartWidth-1))]++
		name, ok := eventName(rec)
		if !ok {
			name = []byte("(no event)")
		}
		e := events[string(name)]
		if e == nil {
			if len(events) >= maxNames {
				name = []byte("(others)")
			}
			if e = events[string(name)]; e == nil {
				e = &eventInfo{Name: harmlessName(name)}
				events[string(name)] = e
			}
		}
		e.add(len(rec.Payload))
	}
	info.ShardsSeen = len(shards)
	seconds := max(span.Seconds()/chartWidth, 1e-6)
	for i := range info.Rates {
		info.Rates[i] = math.Round(1000*info.Rates[i]/seconds) / 1000
	}
	info.Events = slices.SortedFunc(maps.Values(events), func(a, b *eventInfo) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Name, b.Name))
	})
	for _, e := range info.Events {
		e.Median = e.quantile(0.5)
	}
	return info, nil
}

// harmlessName returns a name that a terminal may be given.
func harmlessName(name []byte) string {
	text := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, string(name))
	return text[:min(len(text), 60)]
}

func (e *eventInfo) add(size int) {
	e.Count++
	e.Bytes += int64(size)
	e.Largest = max(e.Largest, size)
	e.sizes[sizeClass(size)]++
}

// sizeClass returns the class of a size: eight for each power of two.
func sizeClass(size int) int {
	class := 0
	for size >= 16 {
		size >>= 1
		class += 8
	}
	return class + max(size-8, 0)
}

// classSize returns the least size of a class above the first.
func classSize(class int) int { return (8 + class%8) << (class / 8) }

// quantile returns the size that a part of the payloads do not reach, to within an eighth.
func (e *eventInfo) quantile(q float64) int {
	left := int64(q * float64(e.Count))
	for class, n := range e.sizes {
		if left -= n; left < 0 {
			return min(classSize(class), e.Largest)
		}
	}
	return e.Largest
}

func (info *traceInfo) print(w io.Writer) error {
	state := "closed in order"
	if !info.Complete {
		state = fmt.Sprintf("not closed: read up to its last whole block, %s before the end; sluice trace repair mends it", formatSize(info.Truncated))
	}
	redacted := "no: it holds people's words and ids"
	if info.Redacted {
		redacted = "yes"
	}
	shards := fmt.Sprintf("%d seen", info.ShardsSeen)
	if info.Shards > 0 {
		shards += fmt.Sprintf(" of %d", info.Shards)
	}
	span := info.Latest.Sub(info.First)
	fmt.Fprintf(w, "file         %s, %s\n", info.File, state)
	fmt.Fprintf(w, "redacted     %s\n", redacted)
	fmt.Fprintf(w, "span         %v from %s\n", span.Round(time.Millisecond), info.First.UTC().Format(time.RFC3339))
	fmt.Fprintf(w, "shards       %s, compression %s\n", shards, info.Compression)
	fmt.Fprintf(w, "records      %d%s, %d were left out\n", info.Records, info.kinds(), info.Dropped)
	fmt.Fprintf(w, "size         %s, of %s (%.1f×)\n", formatSize(info.Size), formatSize(info.Raw), float64(info.Raw)/float64(max(info.Size, 1)))
	if info.Wire > 0 {
		fmt.Fprintf(w, "wire         %s\n", formatSize(info.Wire))
	}
	fmt.Fprintf(w, "rate         %s  up to %.0f events/s\n\n", chart(info.Rates), slices.Max(info.Rates))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "events\tshare\tmean\tmedian\tlargest\tof bytes\t  type")
	all, bytes := int64(0), int64(0)
	for _, e := range info.Events {
		all, bytes = all+e.Count, bytes+e.Bytes
	}
	for _, e := range info.Events {
		fmt.Fprintf(t, "%d\t%.2f %%\t%d\t%d\t%d\t%.2f %%\t  %s\n",
			e.Count, 100*float64(e.Count)/float64(all), e.Bytes/e.Count, e.Median, e.Largest, 100*float64(e.Bytes)/float64(max(bytes, 1)), e.Name)
	}
	return t.Flush()
}

// kinds lists the records by kind.
func (info *traceInfo) kinds() string {
	var parts []string
	for k := trace.Received; k <= trace.Began; k++ {
		if n := info.Kinds[k.String()]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n, k))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// chart draws numbers as a row of bars.
func chart(numbers []float64) string {
	bars := []rune(" ▁▂▃▄▅▆▇█")
	highest := max(slices.Max(numbers), 1e-9)
	var b strings.Builder
	for _, n := range numbers {
		height := int(n / highest * 8)
		if height == 0 && n > 0 {
			height = 1
		}
		b.WriteRune(bars[height])
	}
	return b.String()
}
