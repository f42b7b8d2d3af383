package clients

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
)

var bridgeTime = flag.Duration("bridge", 3*time.Second, "how long bots behind the bridge live with faults on both sides")

const (
	messageEvery = 25 * time.Millisecond // while there are faults
	// markSlack is how late the log may tell that a bot has begun anew: what was sent since arrives, or is told.
	markSlack = 3 * time.Second
	// logSlack is how late the log may tell it, as seen from what the bot says.
	logSlack = 100 * time.Millisecond
)

// A crossing is a client on sluice serve, with a server in the place of Discord, and a relay in front.
type crossing struct {
	*stage
	bridge *bridged
	relay  *relay
	sentAt []time.Time // of each of sent
}

// TestBridge has each client run on sluice serve as it runs on Discord: its login, a drop on either side, and faults
// on both. The server on the far side says what must come.
func TestBridge(t *testing.T) {
	guilds := announce(t)
	rows := &bridgeRows{}
	t.Cleanup(rows.print)
	for _, c := range wanted() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.family.installed(t)
			t.Run("lives", func(t *testing.T) {
				t.Parallel()
				x := c.cross(t)
				x.guilds = guilds
				x.ready()
				x.login()
				x.dropsBot()
				x.dropsDiscord()
				x.killsBridge()
			})
			t.Run("chaos", func(t *testing.T) {
				t.Parallel()
				x := c.cross(t, gatewaytest.WithChaos(0, 150), gatewaytest.WithTraffic(20), gatewaytest.WithHeartbeatInterval(time.Second),
					gatewaytest.WithSessionStartLimit(100_000, 100_000))
				x.guilds = guilds
				x.ready()
				rows.add(x.chaos(*bridgeTime))
			})
		})
	}
}

// cross starts a server, the bridge, the relay and the client.
func (c *client) cross(t *testing.T, more ...gatewaytest.Option) *crossing {
	t.Helper()
	srv := gatewaytest.NewServer(t, options(append(more, gatewaytest.WithTLS(false))...)...)
	var flags []string
	at := place{token: bridgeToken(srv)}
	tls := ""
	if !c.plain {
		flags, at.pem = certify(t)
		tls = "s"
	}
	relay := newRelay(t, c.settles())
	if c.name == "Eris" { // its requests have a Host without the port that its agent adds: what the gateway's is made of
		flags = append(flags, "--url=wss://"+relay.address())
	}
	bridge := startBridge(t, srv, relay, flags...)
	relay.lead(bridge.address)
	at.api, at.gateway = "http"+tls+"://"+relay.address()+"/api/v10", "ws"+tls+"://"+relay.address()
	return &crossing{stage: &stage{T: t, client: c, srv: srv, p: c.start(t, at, "")}, bridge: bridge, relay: relay}
}

// dropsBot drops the bot's connection: it resumes at the bridge, and has missed nothing. Discord sees nothing of it.
func (x *crossing) dropsBot() {
	x.relay.end(func(*relayed) bool { return true })
	x.message()
	x.message()
	if err := x.bridge.until(x.patience(), func() bool { return x.bridge.resumed > 0 || len(x.bridge.identified) > 1 }); err != nil {
		x.Fatalf("it is not back: %v; said to have stopped: %v", err, x.p.said("stopped"))
	}
	x.arrive()
	if err := x.p.until(x.patience(), func() bool { return len(x.p.said("resumed")) > 0 }); err != nil {
		x.Errorf("it does not say that it has resumed: %v", err)
	}
	if identified, resumed := x.bridge.counts(); identified != 1 || resumed != 1 {
		x.Errorf("it has identified %d times and resumed %d times, want 1 and 1", identified, resumed)
	}
	if r := x.srv.Report(); r.Connections != 1 {
		x.Errorf("Discord saw %d connections, want 1", r.Connections)
	}
}

// dropsDiscord drops the bridge's connection: it resumes, and the bot does not notice.
func (x *crossing) dropsDiscord() {
	before := len(x.p.said("resumed"))
	x.srv.Drop(0)
	x.message()
	x.message()
	if err := x.srv.WaitResume(x.patience(), 0); err != nil {
		x.Fatal(err)
	}
	x.message()
	x.arrive()
	if identified, resumed := x.bridge.counts(); identified != 1 || resumed != 1 || len(x.p.said("resumed")) != before {
		x.Errorf("the bot has noticed: it has identified %d times and resumed %d times in all, want 1 and 1", identified, resumed)
	}
	if r := x.srv.Report(); r.Identifies != 1 {
		x.Errorf("Discord saw %d identifies, want 1", r.Identifies)
	}
}

// killsBridge kills the bridge and starts it again: it resumes at Discord, and the bot at the bridge.
func (x *crossing) killsBridge() {
	address := x.bridge.address
	identified, resumed := x.bridge.counts()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := x.patience(); !x.bridge.kept(); <-tick.C {
		if limit.Err() != nil {
			x.Fatal("the session is in no journal")
		}
	}
	x.relay.hold()
	x.bridge.kill()
	x.message()
	x.message()
	x.bridge.start(address)
	x.relay.lead(address)
	err := x.bridge.until(x.patience(), func() bool { return x.bridge.resumed > resumed || len(x.bridge.identified) > identified })
	if err != nil {
		x.Fatalf("it is not back: %v; said to have stopped: %v", err, x.p.said("stopped"))
	}
	x.message()
	x.arrive()
	if again, _ := x.bridge.counts(); again != identified {
		x.Error("the bot has identified")
	}
	if r := x.srv.Report(); r.Identifies != 1 {
		x.Errorf("Discord saw %d identifies, want 1", r.Identifies)
	}
}

// message dispatches a message and notes when.
func (x *crossing) message() {
	x.sentAt = append(x.sentAt, time.Now())
	x.stage.message()
}

// chaos has connections of both sides fail for a time. Every message comes once, or the bot is told of the loss: then
// it has identified anew.
func (x *crossing) chaos(d time.Duration) *bridgeRow {
	row := &bridgeRow{client: x.client.name + " " + x.client.version}
	ticks := time.NewTicker(messageEvery)
	defer ticks.Stop()
	begin := time.Now()
	holed, next := false, begin
	for now := range ticks.C {
		x.message()
		if now.Sub(begin) > d {
			break
		}
		if now.Before(next) {
			continue
		}
		if !holed && rand.N(2) == 0 { // what the bridge writes now is lost on its way
			if holed = x.relay.hole() > 0; holed {
				next = now.Add(rand.N(500 * time.Millisecond))
			}
			continue
		}
		if n := x.relay.drop(); n > 0 {
			row.drops += n
			holed, next = false, now.Add(rand.N(2*time.Second))
		}
	}
	x.srv.EndChaos()
	x.relay.drop()
	x.calmDown(ticks)
	err := x.p.until(x.patience(), func() bool { return len(x.untold()) == 0 })
	report := x.srv.Report()
	for _, n := range report.Faults {
		row.faults += n
	}
	row.identified, row.resumed = x.bridge.counts()
	row.sent = len(x.sent)
	came := x.came()
	for i, id := range x.sent {
		switch times := came[id]; {
		case len(times) == 0:
			row.told++
		case len(times) > 1:
			if len(times) <= x.relay.sessions(x.sentAt[i], times[0].Add(logSlack)) {
				row.apart++
				continue
			}
			row.doubled++
			x.Errorf("message %d came %d times: sent at %v, came at %v", i, len(times), x.sentAt[i], times)
		}
	}
	if untold := x.untold(); len(untold) > 0 {
		row.told -= len(untold)
		row.untold = len(untold)
		x.Errorf("%d of %d messages are lost (%v), and the bot was not told: %v", len(untold), len(x.sent), err, untold)
	}
	return row
}

// calmDown sends messages until one arrives that was sent since the faults ended: as many as before for a while, then
// one a second, for a client that waits for a minute and begins anew gets nothing older.
func (x *crossing) calmDown(ticks *time.Ticker) {
	last := len(x.sent)
	ctx := x.patience()
	looks := time.NewTicker(time.Second)
	defer looks.Stop()
	for {
		select {
		case <-ticks.C:
			if len(x.sent) < last+1000 {
				x.message()
			}
		case <-looks.C:
			x.message()
			came := x.came()
			if slices.ContainsFunc(x.sent[last:], func(id string) bool { return len(came[id]) > 0 }) {
				return
			}
		case <-x.p.ended:
			x.Fatal("the program has ended")
		case <-ctx.Done():
			x.Fatalf("nothing comes any more; said to have stopped: %v; log %.3000v", x.p.said("stopped"), x.p.complaints())
		}
	}
}

// came returns when each of the client's messages came.
func (x *crossing) came() map[string][]time.Time {
	came := make(map[string][]time.Time)
	for _, l := range x.p.said("message") {
		came[l.ID] = append(came[l.ID], l.at)
	}
	return came
}

// untold returns which messages are missing without word of it. A loss is told if the bot has begun a session since
// the last of them was sent, and before the next one came: that may have waited at Discord until the bridge was back.
func (x *crossing) untold() (untold []int) {
	x.bridge.mu.Lock()
	begun := slices.Clone(x.bridge.identified)
	x.bridge.mu.Unlock()
	came := x.came()
	for i := 0; i < len(x.sent); i++ {
		if len(came[x.sent[i]]) > 0 {
			continue
		}
		first := i
		for i+1 < len(x.sent) && len(came[x.sent[i+1]]) == 0 {
			i++
		}
		told := slices.ContainsFunc(begun, func(t time.Time) bool {
			return t.After(x.sentAt[i]) && (i+1 == len(x.sent) || t.Before(came[x.sent[i+1]][0].Add(markSlack)))
		})
		if !told {
			for j := first; j <= i; j++ {
				untold = append(untold, j)
			}
		}
	}
	return untold
}

// bridgeRow is what became of a client's messages.
type bridgeRow struct {
	client                     string
	sent, told, untold         int
	doubled, apart             int // came twice; in two sessions that the bot had at once
	drops, identified, resumed int
	faults                     int64
}

// bridgeRows are the table that TestBridge prints.
type bridgeRows struct {
	mu   sync.Mutex
	rows map[string]*bridgeRow
}

func (r *bridgeRows) add(row *bridgeRow) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows == nil {
		r.rows = make(map[string]*bridgeRow)
	}
	r.rows[row.client] = row
}

func (r *bridgeRows) print() {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintln(w, "\n"+strings.Join([]string{"client", "messages", "lost and told", "lost untold", "doubled",
		"in two sessions", "faults at Discord", "drops of the bot", "its sessions", "its resumes"}, "\t"))
	for _, name := range slices.Sorted(maps.Keys(r.rows)) {
		row := r.rows[name]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", row.client, row.sent, row.told, row.untold, row.doubled,
			row.apart, row.faults, row.drops, row.identified, row.resumed)
	}
}
