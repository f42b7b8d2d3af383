package main

import (
	"encoding/json"
	"testing"
)

// figuresOf decodes a summary whose fields are not all numbers.
func figuresOf(t *testing.T, p *process, into any) {
	t.Helper()
	if status := p.wait(); status != 0 {
		t.Fatalf("status %d: %s%s", status, p.stdout, p.stderr)
	}
	if err := json.Unmarshal([]byte(p.stdout.String()), into); err != nil {
		t.Fatalf("%v in %s", err, p.stdout)
	}
}

// Whatever the gateway does, no event is lost in silence, over both drivers.
func TestDemoChaos(t *testing.T) {
	skipShort(t)
	t.Parallel()
	for _, driver := range []string{"auto", "portable"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			p := start(t, "", "demo", "--chaos", "--seed=5", "--json", "--shards=20", "--max-concurrency=20",
				"--duration=5s", "--chaos-interval=1s", "--driver="+driver)
			var s struct {
				Ready              int              `json:"shards_ready"`
				Lost               *int64           `json:"lost"`
				Duplicates         *int64           `json:"duplicates"`
				Seed               uint64           `json:"seed"`
				Faults             map[string]int64 `json:"faults"`
				Total              int64            `json:"faults_total"`
				Announced          *int64           `json:"announced_losses"`
				WrongAnnouncements *int64           `json:"wrong_announcements"`
				Violations         *int64           `json:"identify_violations"`
				Recovery           float64          `json:"recovery_s"`
				Closes             map[int]int64    `json:"closes"`
			}
			figuresOf(t, p, &s)
			for name, n := range map[string]*int64{"lost": s.Lost, "duplicates": s.Duplicates, "identify_violations": s.Violations, "wrong_announcements": s.WrongAnnouncements} {
				if n == nil || *n != 0 {
					t.Errorf("%s: not 0 in %s", name, p.stdout)
				}
			}
			if s.Ready != 20 || s.Seed != 5 || s.Announced == nil || s.Recovery <= 0 {
				t.Errorf("%s", p.stdout)
			}
			if s.Total < 20 || len(s.Faults) < 5 {
				t.Errorf("only %d faults of %d kinds", s.Total, len(s.Faults))
			}
			if s.Closes[4000] < 20 || s.Closes[1000]+s.Closes[1001] != 0 {
				t.Errorf("closed with %v, want 4000 at the end at least", s.Closes)
			}
		})
	}
}

// All connections are dropped at once, and every shard resumes.
func TestDemoStorm(t *testing.T) {
	skipShort(t)
	t.Parallel()
	p := start(t, "", "demo", "--storm", "--json", "--shards=50", "--duration=200ms", "--rate=20")
	var s struct {
		Identifies int     `json:"identifies"`
		Dropped    int     `json:"dropped"`
		Resumed    int     `json:"resumed"`
		After      float64 `json:"resumed_after_s"`
		Dials      int     `json:"dials"`
		Peak       int     `json:"dials_peak_per_s"`
		RSS        int64   `json:"peak_rss_bytes"`
	}
	figuresOf(t, p, &s)
	if s.Identifies != 50 || s.Dropped != 50 || s.Resumed != 50 || s.Dials < 50 || s.Peak < 1 || s.After <= 0 || s.RSS <= 0 {
		t.Errorf("%s", p.stdout)
	}
}
