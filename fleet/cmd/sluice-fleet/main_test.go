//go:build !plan9 && !aix

package main

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/sluice-go/sluice/fleet/cmd/sluice-fleet/internal/demo"
)

// childEnv has the test program be the command: demo starts itself as its processes.
const childEnv = "SLUICE_FLEET_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		main()
		return
	}
	_ = os.Setenv(childEnv, "1")
	os.Exit(m.Run())
}

// TestScenarios with processes of their own: nothing is lost, nothing identifies again, and
// where a process ends in order nothing comes twice.
func TestScenarios(t *testing.T) {
	for _, test := range []struct {
		scenario, nats string
		doubled        int
	}{
		{"term", "external", 0},
		{"surge", "external", 0},
		{"kill", "external", 1000},
		{"kill", "embedded", 1000},
	} {
		t.Run(test.scenario+" "+test.nats, func(t *testing.T) {
			if testing.Short() && test.nats == "embedded" {
				t.Skip("it takes an election")
			}
			r, err := demo.Run(context.Background(), demo.Options{
				Scenario: test.scenario, NATS: test.nats, Nodes: 3, Shards: 12, Rate: 5, Seed: 1,
				Lease: 4 * time.Second, SaveEvery: 250 * time.Millisecond, Out: t.Output(),
			})
			if err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(r)
			t.Logf("%s", text)
			if r.Ready != 12 || r.Lost != 0 || r.Identifies != 0 || r.Early != 0 || r.Doubled > test.doubled || r.Owners != 1 || r.Events == 0 {
				t.Error("want all ready, and nothing lost")
			}
		})
	}
}
