package monitor

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// The page is a template and two files, which no tool has to build.
//
//go:embed assets
var assets embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"count":   count,
	"count64": func(n uint64) string { return count(int(n)) },
	"clock":   func(at time.Time) string { return clock(at, time.Now()) },
	"ago":     func(at time.Time) string { return time.Since(at).Round(time.Second).String() },
	"bytes":   func(n uint64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) },
	"ms":      func(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1e3) },
	"short":   func(x float64) string { return count(int(x + 0.5)) },
	"asset":   func(name string) string { return "/assets/" + name + "?" + assetVersion },
}).ParseFS(assets, "assets/*.html"))

// assetVersion changes with the files, so that no browser takes old ones.
var assetVersion = func() string {
	sum := sha256.New()
	for _, name := range []string{"page.css", "page.js", "grid.js", "charts.js"} {
		text, err := assets.ReadFile("assets/" + name)
		if err != nil {
			panic("monitor: " + err.Error())
		}
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:6])
}()

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	text, err := assets.ReadFile("assets/" + name)
	kind := map[string]string{"css": "text/css", "js": "text/javascript"}[name[strings.LastIndex(name, ".")+1:]]
	if err != nil || kind == "" {
		refuse(w, r, http.StatusNotFound, "there is no such file")
		return
	}
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=31536000, immutable")
	_, _ = w.Write(text)
}

// pageData is what the page shows without script.
type pageData struct {
	Summary   summary
	Headline  string
	Fine      bool
	States    []stateCount
	Absent    []shardRow // not ready, the longest first
	More      int        // of them that are not shown
	Incidents []incidentView
	Level     bool // the log's level can be set
	Shared    bool // there is no resharding and closing
	Serves    bool // there may be bots
	Bots      []Bot
	MoreBots  int // that are not shown
}

type stateCount struct {
	Name  string
	Index int
	Count int
	Means string
}

// means says in a few words what a state is.
var means = [...]string{
	"waits for the next attempt", "TCP, TLS and the upgrade", "connected, waits for hello", "waits for its turn to identify",
	"begins a session", "goes on with its session", "receives events", "says goodbye", "will not connect again",
}

// shownAbsent is how many shards that are not ready the page lists without script.
const shownAbsent = 50

func (m *Monitor) servePage(w http.ResponseWriter, r *http.Request) {
	d := pageData{Summary: m.summary(), Incidents: m.incidentList(), Level: m.config.Level != nil, Shared: m.config.Shared}
	d.Headline, d.Fine = headline(&d.Summary)
	for i, name := range stateNames() {
		d.States = append(d.States, stateCount{name, i, d.Summary.States[name], means[i]})
	}
	for s := range m.engine.Shards() {
		if s.State() != lifecycle.Ready {
			d.Absent = append(d.Absent, rowOf(s))
		}
	}
	slices.SortStableFunc(d.Absent, func(a, b shardRow) int { return a.NotReady.Compare(b.NotReady) })
	if n := len(d.Absent); n > shownAbsent {
		d.Absent, d.More = d.Absent[:shownAbsent], n-shownAbsent
	}
	if d.Serves = m.config.Bots != nil; d.Serves {
		d.Bots = m.bots()
		if n := len(d.Bots); n > shownBots {
			d.Bots, d.MoreBots = d.Bots[:shownBots], n-shownBots
		}
	}
	show(w, "page.html", d)
}

// shownBots is how many bots the page lists.
const shownBots = 200

// headline says how the bot is, in a sentence.
func headline(s *summary) (text string, fine bool) {
	away := s.Shards - s.Ready
	switch {
	case s.Shards == 0:
		return "No shards yet: the engine is starting, or has not been started.", false
	case s.Stalled > 0:
		return fmt.Sprintf("%s are stalled: a callback does not return.", shards(s.Stalled)), false
	case away == 0 && s.Shards == 1:
		return "The shard is ready.", true
	case away == 0:
		return fmt.Sprintf("All %s are ready.", shards(s.Shards)), true
	}
	return fmt.Sprintf("%s of %s are ready, %s not.", count(s.Ready), shards(s.Shards), count(away)), false
}

// shardData is the page of one shard.
type shardData struct {
	Title      string
	View       engine.View
	Happenings []lifecycle.Happening // the newest first
	Means      string
	Actions    bool
	Closes     bool // it can be closed
}

func (m *Monitor) serveShardPage(w http.ResponseWriter, r *http.Request) {
	s := m.find(w, r)
	if s == nil {
		return
	}
	v := s.View().Public()
	d := shardData{Title: m.config.Title, View: v, Happenings: slices.Clone(v.Happenings), Means: means[v.State], Actions: m.config.Credential != "", Closes: !m.config.Shared}
	slices.Reverse(d.Happenings)
	show(w, "shard.html", d)
}

// said is a page with one sentence.
type said struct {
	Title, Text string
	Failed      bool
}

func show(w http.ResponseWriter, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pages.ExecuteTemplate(w, name, data) // whoever asked has left
}
