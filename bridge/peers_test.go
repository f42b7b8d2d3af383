package bridge_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// directory has the addresses of bridges that know of each other, by shard.
type directory struct {
	total   int
	scheme  string
	mu      sync.Mutex
	owner   map[int]string
	doubted map[int]string // who doubts
}

func (d *directory) set(shard int, address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if address != "" {
		address = d.scheme + address
	}
	d.owner[shard] = address
}

// seenBy is what one of them knows.
type seenBy struct {
	*directory
	self string
}

func (d seenBy) Total() int { return d.total }

func (d seenBy) Doubts(shard, _ int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.doubted[shard] == d.self
}

func (d seenBy) Owner(shard, _ int) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.owner[shard] == d.scheme+d.self {
		return ""
	}
	return d.owner[shard]
}

// newPeers runs a bridge for each of some shards of one gateway.
func newPeers(t *testing.T, total int, edit ...func(*bridge.Config)) (srv *gatewaytest.Server, dir *directory, stands []*stand) {
	t.Helper()
	srv = gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithTLS(false),
		gatewaytest.WithShards(total), gatewaytest.WithGuilds(2, 5000))
	dir = &directory{total: total, scheme: "ws://", owner: map[int]string{}, doubted: map[int]string{}}
	for id := range total {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		eng, err := engine.New(engine.Config{
			Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), Intents: gateway.IntentsAll,
			Shards: engine.Shards{First: id, Count: 1, Total: total}, IdentifyQueue: identify.Unlimited{}, Logger: logger(),
		})
		if err != nil {
			t.Fatal(err)
		}
		config := bridge.Config{
			Engine: eng, Bots: []bridge.Bot{{Name: "blue", Token: blueToken}}, Logger: logger(), Peers: seenBy{dir, address}, Token: engine.NewToken(srv.Token()),
		}
		for _, f := range edit {
			f(&config)
			dir.scheme = "wss://"
		}
		b, err := bridge.New(config)
		if err != nil {
			t.Fatal(err)
		}
		dir.set(id, address)
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { _ = eng.Run(ctx) })
		running.Go(func() { _ = b.Serve(ctx, l) })
		s := &stand{srv: srv, eng: eng, bridge: b, address: address}
		s.stop = sync.OnceFunc(func() {
			b.Close()
			cancel()
			running.Wait()
		})
		t.Cleanup(s.stop)
		stands = append(stands, s)
	}
	eventually(t, "the engines' shards", func() bool {
		known := 0
		for _, s := range stands {
			for range s.eng.Shards() {
				known++
			}
		}
		return known == total
	})
	return srv, dir, stands
}

// TestPeers: a bot that knows one bridge has the shards of all, in each compression, resumes on them, and loses nothing.
func TestPeers(t *testing.T) {
	t.Parallel()
	for _, compression := range []engine.Compression{engine.NoCompression, engine.PayloadCompression, engine.ZlibStream, engine.ZstdStream} {
		t.Run(compression.String(), func(t *testing.T) {
			t.Parallel()
			srv, _, stands := newPeers(t, 2)
			bot := stands[0].connect(t, blueToken, func(c *engine.Config) { c.Compression = compression })
			bot.wait(t, "GUILD_CREATE", 4)
			const n = 60
			for i := range n {
				srv.Dispatch(i%2, "MESSAGE_CREATE", message(i))
				if i%20 == 10 {
					stands[1].bridge.Drop(1)
					bot.wait(t, "RESUMED", i/20+1)
				}
			}
			bot.wait(t, "MESSAGE_CREATE", n)
			bot.checkSeqs(t)
			for shard := range bot.Shards() {
				if url := shard.Session().ResumeURL; url != "ws://"+stands[0].address {
					t.Errorf("shard %v resumes at %s, want the bridge that the bot knows", shard, url)
				}
				if shard.ID() == 1 {
					for _, err := range shard.RequestMembers(t.Context(), &gateway.MembersRequest{GuildID: anyGuild(bot, 1, 2), Limit: 1}) {
						if err != nil {
							t.Errorf("members: %v", err)
						}
					}
				}
			}
			bot.mu.Lock()
			if bot.lost > 0 || bot.names["READY"] != 2 {
				t.Errorf("%d losses, %d READYs", bot.lost, bot.names["READY"])
			}
			bot.mu.Unlock()
			if r := srv.Report(); r.Identifies != 2 {
				t.Errorf("%d identifies", r.Identifies)
			}
		})
	}
}

// anyGuild returns a guild of a shard's.
func anyGuild(b *bot, shard, total uint64) uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.guilds {
		if id>>22%total == shard {
			return id
		}
	}
	return 0
}

// TestPeersRefuse: what a bot is told where its shard cannot be had now.
func TestPeersRefuse(t *testing.T) {
	t.Parallel()
	_, dir, stands := newPeers(t, 3)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	resp, err := http.NewRequest("GET", "http://"+stands[0].address+"/api/v10/gateway/bot", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Header.Set("Authorization", "Bot "+blueToken)
	answer, err := http.DefaultClient.Do(resp)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var bot struct{ Shards int }
	if err := json.NewDecoder(answer.Body).Decode(&bot); err != nil || bot.Shards != 3 {
		t.Errorf("Get Gateway Bot has %d shards, %v", bot.Shards, err)
	}
	dir.set(2, "")
	for name, one := range map[string]struct {
		owner, shard string
		token        string
		want         gateway.CloseCode
	}{
		"nobody's":           {"", "[1,3]", blueToken, gateway.CloseUnknownError},
		"gone":               {closed.Addr().String(), "[1,3]", blueToken, gateway.CloseUnknownError},
		"it has it not":      {stands[2].address, "[1,3]", blueToken, gateway.CloseUnknownError},
		"a stranger":         {stands[1].address, "[1,3]", greenToken, gateway.CloseAuthenticationFailed},
		"too few":            {stands[1].address, "[0,2]", blueToken, gateway.CloseShardingRequired},
		"another total":      {stands[1].address, "[1,4]", blueToken, gateway.CloseInvalidShard},
		"none such":          {stands[1].address, "[3,3]", blueToken, gateway.CloseInvalidShard},
		"no bridge, but web": {srvOf(t), "[1,3]", blueToken, gateway.CloseUnknownError},
	} {
		dir.set(1, one.owner)
		c := stands[0].dial(t, "v=10")
		c.say(`{"op":2,"d":{"token":%q,"intents":1,"properties":{},"shard":%s}}`, one.token, one.shard)
		if code := c.closed(); code != one.want {
			t.Errorf("%s: closed with %v, want %v", name, code, one.want)
		}
		c.nc.Close()
	}
	dir.set(1, stands[1].address)
	for _, id := range []string{"x", "00-1-3", "00-1", "00--1-3", "00-9-3", "00-1-3-4"} {
		c := stands[0].dial(t, "v=10")
		c.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":1}}`, blueToken, id)
		if p := c.until(9, ""); string(p.D) != "false" {
			t.Errorf("session %s: op 9 with %s", id, p.D)
		}
		c.nc.Close()
	}
	good := stands[0].dial(t, "v=10")
	good.say(`{"op":2,"d":{"token":%q,"intents":1,"properties":{},"shard":[1,3]}}`, blueToken)
	good.until(0, "READY")
	good.say(`{"op":1,"d":null}`)
	good.until(11, "")
	good.say(`{"op":5,"d":{}}`)
	if code := good.closed(); code != gateway.CloseUnknownOpcode {
		t.Errorf("opcode 5: closed with %v", code)
	}
	good.nc.Close()
	eventually(t, "no connection", func() bool { return stands[0].bridge.Stats().Connections+stands[1].bridge.Stats().Connections == 0 })
}

// srvOf returns the address of a server that is no bridge.
func srvOf(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.NotFoundHandler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return l.Addr().String()
}

// TestPeersLogout: 1000 ends a session at the peer, too, and a bot whose shard is elsewhere by now is told at once.
func TestPeersLogout(t *testing.T) {
	t.Parallel()
	srv, dir, stands := newPeers(t, 2)
	away := stands[0].dial(t, "v=10")
	away.say(`{"op":2,"d":{"token":%q,"intents":1,"properties":{},"shard":[1,2]}}`, blueToken)
	away.until(0, "READY")
	away.frame(closeFrame(1000))
	away.closed()
	eventually(t, "the session's end", func() bool { return stands[1].bridge.Stats().Sessions == 0 })

	moved := stands[0].dial(t, "v=10")
	moved.say(`{"op":2,"d":{"token":%q,"intents":1,"properties":{},"shard":[0,2]}}`, blueToken)
	moved.until(0, "READY")
	for s := range stands[0].eng.Shards() {
		if _, err := stands[0].eng.Detach(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	moved.until(7, "")
	if code := moved.closed(); code != gateway.CloseUnknownError {
		t.Errorf("closed with %v", code)
	}
	if _, err := stands[1].eng.Attach([]engine.ShardSpec{{ID: 0, Total: 2}}); err != nil {
		t.Fatal(err)
	}
	dir.set(0, stands[1].address)
	moved = stands[0].dial(t, "v=10")
	moved.say(`{"op":2,"d":{"token":%q,"intents":1,"properties":{},"shard":[0,2]}}`, blueToken)
	moved.until(0, "READY") // from another process
	moved.until(0, "GUILD_CREATE")
	if r := srv.Report(); r.Identifies != 3 {
		t.Errorf("%d identifies", r.Identifies)
	}
}

// TestPeersTLS: bridges that speak TLS pass bots on to each other by TLS.
func TestPeersTLS(t *testing.T) {
	t.Parallel()
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	defer certified.Close()
	trust := certified.Client().Transport.(*http.Transport).TLSClientConfig
	_, dir, stands := newPeers(t, 2, func(c *bridge.Config) {
		c.TLS, c.PeersTLS = &tls.Config{Certificates: certified.TLS.Certificates}, trust
	})
	bot := stands[0].connect(t, blueToken, func(c *engine.Config) {
		c.APIURL, c.TLS = "https://"+stands[0].address+"/api/v10", trust
	})
	bot.wait(t, "GUILD_CREATE", 4)
	stands[1].bridge.Drop(1)
	bot.wait(t, "RESUMED", 1)
	bot.checkSeqs(t)

	dir.mu.Lock()
	dir.owner[1] = "ws://" + stands[1].address // in plain text it does not answer
	dir.mu.Unlock()
	stands[1].bridge.Drop(1)
	eventually(t, "refusals", func() bool { return stands[0].bridge.Stats().Closes[gateway.CloseUnknownError] >= 2 })
	dir.set(1, stands[1].address)
	bot.wait(t, "RESUMED", 2)
}
