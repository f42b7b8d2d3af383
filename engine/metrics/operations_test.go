package metrics

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/sluice-go/sluice/gatewaytest"
)

const files = "../../docs/operations"

// metricName finds names of metrics in a query, with what PromQL adds to a histogram's.
var metricName = regexp.MustCompile(`\b(sluice|go|process)_[a-z0-9_]+`)

// told returns the names of all series that a handler brings.
func told(t *testing.T) map[string]bool {
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(2), gatewaytest.WithMaxConcurrency(2), gatewaytest.WithIdentifyInterval(0))
	h := handler(t, connected(t, srv, 2), Options{PerShard: true})
	names := map[string]bool{}
	for name, f := range families(t, body(t, scrape(t, h, "/metrics?shards=all"))) {
		if f.GetType() == dto.MetricType_HISTOGRAM {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				names[name+suffix] = true
			}
		}
		names[name] = true
	}
	return names
}

// dashboard is what is looked at of Grafana's format.
type dashboard struct {
	Panels []struct {
		ID      int
		Type    string
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct {
			Expr  string
			RefID string
		}
	}
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

// TestDashboard: its queries name only metrics that there are, nothing is told that it does not
// show, and no panel lies on another.
func TestDashboard(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(files, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	names, shown := told(t), map[string]bool{}
	look := func(where, query string) {
		for _, name := range metricName.FindAllString(query, -1) {
			if shown[name] = true; !names[name] {
				t.Errorf("%s asks for %s, which nobody tells", where, name)
			}
		}
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing, or has another's id %d", p.Title, p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, overlaps := taken[[2]int{x, y}]; overlaps || x >= 24 {
					t.Fatalf("panel %q lies on %q or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			look("panel "+p.Title, target.Expr)
			if !strings.Contains(target.Expr, `{job=~"$job",instance=~"$instance"`) {
				t.Errorf("panel %q does not heed which instance was chosen: %s", p.Title, target.Expr)
			}
		}
	}
	for _, v := range d.Templating.List {
		look("variable "+v.Name, v.Definition)
	}
	for _, m := range list {
		if !shown[m.name] && !shown[m.name+"_bucket"] {
			t.Errorf("%s is told, and not shown", m.name)
		}
	}
}

// TestAlerts: the rules name only metrics that there are. Each has a story that sets it off in
// the documentation of what to do.
func TestAlerts(t *testing.T) {
	rules, err := os.ReadFile(filepath.Join(files, "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(operations)
	if err != nil {
		t.Fatal(err)
	}
	names := told(t)
	for _, name := range metricName.FindAllString(string(rules), -1) {
		if !names[name] {
			t.Errorf("a rule asks for %s, which nobody tells", name)
		}
	}
	alerts := regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(string(rules), -1)
	if len(alerts) < 10 {
		t.Fatalf("%d alerts", len(alerts))
	}
	for _, a := range alerts {
		if !strings.Contains(string(page), "| `"+a[1]+"` |") {
			t.Errorf("%s does not say what to do about %s", operations, a[1])
		}
	}
}

// TestPromtool has Prometheus's own tool check the rules, their tests, the configuration and
// a scrape.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed (Debian: apt-get install prometheus)")
	}
	h := handler(t, unreachable(t, 3), Options{PerShard: true})
	text := body(t, scrape(t, h, "/metrics?shards=all"))
	for _, call := range []struct{ args, stdin string }{
		{"check rules alerts.yml", ""},
		{"test rules alerts_test.yml", ""},
		{"check config prometheus.yml", ""},
		{"check metrics", text},
	} {
		cmd := exec.Command(promtool, strings.Fields(call.args)...)
		cmd.Dir, cmd.Stdin = files, strings.NewReader(call.stdin)
		out, err := cmd.CombinedOutput()
		// What it finds of others' metrics is theirs.
		own := slices.ContainsFunc(strings.Split(string(out), "\n"), func(line string) bool { return strings.HasPrefix(line, "sluice") })
		if err != nil && (call.stdin == "" || own) {
			t.Errorf("promtool %s: %v\n%s", call.args, err, out)
		}
	}
}

// TestNamesAreOnce: no two metrics have the same name, whatever list they are in.
func TestNamesAreOnce(t *testing.T) {
	names := map[string]bool{}
	for _, m := range list {
		names[m.name] = true
	}
	for _, m := range shardList {
		names[m.name] = true
	}
	if len(names) != len(list)+len(shardList) {
		t.Errorf("%d names for %d metrics: %v", len(names), len(list)+len(shardList), slices.Sorted(maps.Keys(names)))
	}
}
