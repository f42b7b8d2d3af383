package clients

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"github.com/sluice-go/sluice/gatewaytest"
)

// cell is a client's result in a scenario.
type cell struct{ client, scenario string }

// results are the table that TestClients prints.
type results struct {
	mu    sync.Mutex
	cells map[cell]string
}

func (r *results) set(client, scenario, result string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cells[cell{client, scenario}] = result
}

// TestClients puts every client through every scenario, but for those of knownFaults, which are skipped: whoever
// pins another version takes that version's lines out and looks.
func TestClients(t *testing.T) {
	guilds := announce(t)
	r := &results{cells: make(map[cell]string)}
	chosen := wanted()
	t.Cleanup(func() { r.print(chosen) })
	for _, c := range chosen {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.family.installed(t)
			for _, sc := range c.scenarios() {
				t.Run(sc.name, func(t *testing.T) {
					t.Parallel()
					c.play(t, sc.scenario, sc.compression, guilds, r)
				})
			}
		})
	}
}

type casting struct {
	scenario
	compression string
}

// scenarios returns what a client plays: all in its default compression, login and drop in the others,
// and split payloads where it has streams.
func (c *client) scenarios() (all []casting) {
	for _, sc := range scenarios {
		all = append(all, casting{sc, ""})
	}
	for _, compression := range c.compressions {
		sc := scenario{name: compression, play: func(s *stage) {
			if infos := s.srv.Sessions(); len(infos) != 1 || infos[0].Compression.String() != compression {
				s.Errorf("sessions %+v, want one with %s", infos, compression)
			}
			resumes(func(s *stage) { s.srv.Drop(0) })(s)
		}}
		all = append(all, casting{sc, compression})
		if compression == "zlib-stream" { // of zstd-stream Discord does not say that it may be split
			sc.name, sc.faults = "split", split
			all = append(all, casting{sc, compression})
		}
	}
	return all
}

func (c *client) play(t *testing.T, sc scenario, compression string, guilds []announced, r *results) {
	known, isKnown := knownFaults[cell{c.name, sc.name}]
	result := "ok"
	ok := t.Run("play", func(t *testing.T) {
		if isKnown {
			t.Skip("its own fault:", known) // what a client does about it is in docs/clients.md
		}
		s := c.set(t, compression, sc.faults, sc.options...)
		s.guilds = guilds
		s.ready()
		sc.play(s)
	})
	switch {
	case isKnown:
		result = "its own"
	case !ok:
		result = "FAILS"
	}
	r.set(c.name, sc.name, result)
}

// print prints the table client × scenario.
func (r *results) print(chosen []client) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, sc := range scenarios {
		names = append(names, sc.name)
	}
	for _, compression := range []gatewaytest.Compression{
		gatewaytest.CompressionNone, gatewaytest.CompressionPayload, gatewaytest.CompressionZlib, gatewaytest.CompressionZstd,
	} {
		names = append(names, compression.String())
	}
	names = append(names, "split")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "\n\t"+strings.Join(names, "\t"))
	for _, c := range chosen {
		fmt.Fprint(w, c.name, " ", c.version)
		for _, name := range names {
			result := r.cells[cell{c.name, name}]
			if result == "" {
				result = "-"
			}
			fmt.Fprint(w, "\t", result)
		}
		fmt.Fprintln(w)
	}
	for _, c := range chosen {
		for _, name := range names {
			if text, ok := knownFaults[cell{c.name, name}]; ok && r.cells[cell{c.name, name}] != "" {
				fmt.Fprintf(w, "%s, %s: %s\n", c.name, name, text)
			}
		}
	}
}
