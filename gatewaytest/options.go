package gatewaytest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/internal/traffic"
)

// Saturated, as the rate of [WithTraffic], sends events as fast as each client takes them.
const Saturated = -1

// defaultEvents is how many shared events there are before a session must end.
const defaultEvents = 250_000

// An Option changes how [NewServer] and [Start] set a server up.
type Option func(*config)

// config is what the options say.
type config struct {
	token     secret
	bot       uint64 // the id that the token names
	listen    string
	publicURL string  // "": the server's own
	resumeURL *string // nil: publicURL, or the server's own

	tls       bool
	longChain bool

	shards           int
	maxConcurrency   int
	identifyInterval time.Duration
	startTotal       int
	startRemaining   int
	allowed          gateway.Intents
	shardMultiple    int

	heartbeat      time.Duration
	helloDelay     time.Duration
	replayLimit    int
	replaySet      bool
	replayWindow   time.Duration
	sessionTimeout time.Duration

	guilds    int
	guildSize int
	members   int
	worlds    int
	rate      float64
	events    int
	seed      uint64
	probes    int
	tick      time.Duration
	pacing    Pacing
	trace     *trace.Reader // nil: traffic is generated
	speed     float64
	loop      bool

	connReports int

	faults        []fault.Fault
	scriptErr     error // of WithScript
	chaosErrs     []error
	chaosSeed     uint64
	chaosEvery    int           // 0: no WithChaos
	chaosInterval time.Duration // 0: no WithChaosInterval

	logger *slog.Logger
}

func newConfig(opts []Option) (*config, error) {
	cfg := &config{
		listen:           "127.0.0.1:0",
		tls:              true,
		shards:           1,
		maxConcurrency:   1,
		identifyInterval: 5 * time.Second,
		startTotal:       1000,
		startRemaining:   1000,
		allowed:          gateway.IntentsAll,
		heartbeat:        41250 * time.Millisecond,
		replayWindow:     5 * time.Minute,
		sessionTimeout:   3 * time.Minute,
		guildSize:        2048,
		worlds:           16,
		events:           defaultEvents,
		seed:             1,
		logger:           slog.New(slog.DiscardHandler),
	}
	for _, opt := range opts {
		opt(cfg)
	}
	if cfg.token == nil {
		cfg.token = keep(newToken(traffic.DefaultBotID, time.Now()))
	}
	cfg.bot = tokenBot(cfg.token())
	if !cfg.replaySet {
		cfg.replayLimit = cfg.defaultReplay()
	}
	return cfg, cfg.validate()
}

// defaultReplay returns how many events a session can give again if no option says so.
func (cfg *config) defaultReplay() int {
	if cfg.rate != 0 || cfg.trace != nil {
		return 10_000
	}
	return max(100, min(3500, cfg.guilds*75))
}

// validate reports every option that makes no sense, in one error.
func (cfg *config) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("gatewaytest: "+format, args...))
		}
	}
	check(cfg.shards > 0, "WithShards(%d): want at least 1", cfg.shards)
	check(cfg.shardMultiple >= 0, "WithShardMultiple(%d): want no negative number", cfg.shardMultiple)
	check(cfg.maxConcurrency > 0, "WithMaxConcurrency(%d): want at least 1", cfg.maxConcurrency)
	check(cfg.identifyInterval >= 0, "WithIdentifyInterval(%v): want no negative duration", cfg.identifyInterval)
	check(0 <= cfg.startRemaining && cfg.startRemaining <= cfg.startTotal,
		"WithSessionStartLimit(%d, %d): want 0 <= remaining <= total", cfg.startTotal, cfg.startRemaining)
	check(cfg.heartbeat >= time.Millisecond, "WithHeartbeatInterval(%v): want at least 1ms", cfg.heartbeat)
	check(cfg.helloDelay >= 0, "WithHelloDelay(%v): want no negative duration", cfg.helloDelay)
	check(cfg.publicURL == "" || isGatewayURL(cfg.publicURL), "WithPublicURL(%q): want a URL such as wss://gateway.example.com", cfg.publicURL)
	check(cfg.resumeURL == nil || *cfg.resumeURL == "" || isGatewayURL(*cfg.resumeURL),
		"WithResumeURL(%q): want a URL such as wss://gateway.example.com, or none", deref(cfg.resumeURL))
	check(cfg.replayLimit >= 0, "WithReplayLimit(%d): want no negative number", cfg.replayLimit)
	check(cfg.replayWindow >= 0, "WithReplayWindow(%v): want no negative duration", cfg.replayWindow)
	check(cfg.sessionTimeout >= 0, "WithSessionTimeout(%v): want no negative duration", cfg.sessionTimeout)
	check(cfg.guilds >= 0 && cfg.guildSize >= 0, "WithGuilds(%d, %d): want no negative number", cfg.guilds, cfg.guildSize)
	check(0 <= cfg.members && cfg.members <= maxMembers, "WithMembers(%d): want 0 to %d", cfg.members, maxMembers)
	check(cfg.rate >= 0 || cfg.rate == Saturated, "WithTraffic(%v): want 0, a rate, or Saturated", cfg.rate)
	check(cfg.worlds >= 0, "WithWorlds(%d): want no negative number", cfg.worlds)
	check(cfg.events > 0, "WithEvents(%d): want at least 1", cfg.events)
	check(cfg.probes >= 0, "WithProbeShards(%d): want no negative number", cfg.probes)
	check(cfg.trace == nil || cfg.speed > 0 && cfg.speed <= 1e6 || cfg.speed == Saturated, "WithTrace(…, %v): want a speed such as 1 or 10, or Saturated", cfg.speed)
	check(cfg.trace == nil || cfg.rate == 0, "WithTrace and WithTraffic do not go together: want one of them")
	check(!cfg.loop || cfg.trace != nil, "WithTraceLoop is of use only with WithTrace")
	check(cfg.connReports >= 0, "WithConnReports(%d): want no negative number", cfg.connReports)
	check(cfg.pacing < pacings, "WithPacing(%d): want PacingBurst or PacingExact", cfg.pacing)
	check(cfg.tick >= 0, "WithTick(%v): want no negative duration", cfg.tick)
	return errors.Join(append(errs, cfg.checkFaults()...)...)
}

// WithTLS says whether the server speaks TLS, with a certificate of its own making that
// [Server.TLSConfig] trusts. The default is true.
func WithTLS(on bool) Option { return func(cfg *config) { cfg.tls = on } }

// WithLongChain makes the TLS handshake carry a certificate chain of 3 to 4 KB, as public
// servers do, so that what a handshake leaves in a client's memory is true to life. The default is
// a chain of less than 1 KB.
func WithLongChain() Option { return func(cfg *config) { cfg.longChain = true } }

// WithListen sets the TCP address to listen on, as net.Listen takes it. The default is a free
// port of 127.0.0.1. Sessions are resumed on another free port of the same host.
func WithListen(addr string) Option { return func(cfg *config) { cfg.listen = addr } }

// WithToken sets the bot token that clients must show. Where its first part is an id in base64, as
// in a real one, that is the id of READY's user and application. The default, and "", is a token
// made at random that clients take for a real one.
func WithToken(token string) Option {
	return func(cfg *config) {
		if cfg.token = nil; token != "" {
			cfg.token = keep(token)
		}
	}
}

// WithShards sets the number of shards that Get Gateway Bot recommends. Clients may use another,
// unless a shard would then hold more than 2500 guilds. The default is 1.
func WithShards(n int) Option { return func(cfg *config) { cfg.shards = n } }

// WithMaxConcurrency sets how many shards may identify in one identify interval: one for each
// value of shard id modulo n. The default is 1.
func WithMaxConcurrency(n int) Option { return func(cfg *config) { cfg.maxConcurrency = n } }

// WithIdentifyInterval sets the least time between two identifies with the same shard id modulo
// max_concurrency. The default is 5 s, as Discord has it; a test that starts many shards wants less.
func WithIdentifyInterval(d time.Duration) Option {
	return func(cfg *config) { cfg.identifyInterval = d }
}

// WithSessionStartLimit sets how many identifies a day allows and how many of them are left. Going
// over it has the consequence that it has at Discord: every session ends and the token is
// reset, see [Server.ResetToken]. The default is 1000, all left.
func WithSessionStartLimit(total, remaining int) Option {
	return func(cfg *config) { cfg.startTotal, cfg.startRemaining = total, remaining }
}

// WithShardMultiple makes the bot a very large one: it must identify with a multiple of n as its
// number of shards, any other is answered by 4010 invalid shard. The default is 0: any number.
func WithShardMultiple(n int) Option { return func(cfg *config) { cfg.shardMultiple = n } }

// WithAllowedIntents sets the intents that the bot was granted; others that exist are answered
// by 4014 disallowed intents. The default is all of them.
func WithAllowedIntents(i gateway.Intents) Option { return func(cfg *config) { cfg.allowed = i } }

// WithHeartbeatInterval sets what hello asks for, in whole milliseconds. The default is 41.25 s.
// A connection that sends no heartbeat for one and a half intervals is closed with 4009.
func WithHeartbeatInterval(d time.Duration) Option { return func(cfg *config) { cfg.heartbeat = d } }

// WithHelloDelay has hello come that long after the upgrade. The default is 0: it may come in the
// same TCP segment.
func WithHelloDelay(d time.Duration) Option { return func(cfg *config) { cfg.helloDelay = d } }

// WithReplayLimit sets how many events back a session can be resumed. The default is what
// Discord's staff once gave for a shard, max(100, min(3500, guilds × 75)); with traffic it is
// 10,000, for a client that takes thousands of events a second has many of them on the way.
func WithReplayLimit(events int) Option {
	return func(cfg *config) {
		cfg.replayLimit, cfg.replaySet = events, true
	}
}

// WithReplayWindow sets for how long a session keeps an event that it can give again. The default
// is 5 minutes.
func WithReplayWindow(d time.Duration) Option { return func(cfg *config) { cfg.replayWindow = d } }

// WithSessionTimeout sets how long a session lives without a connection. The default is 3 minutes.
func WithSessionTimeout(d time.Duration) Option { return func(cfg *config) { cfg.sessionTimeout = d } }

// WithGuilds gives every shard n guilds, whose GUILD_CREATE has about size bytes of JSON each. The
// default is no guild, and 2048 bytes, which is less than the least of about 6 KB; a real one has 134 KB on
// average. A large one can have 64 MB, of members for the most part.
func WithGuilds(n, size int) Option { return func(cfg *config) { cfg.guilds, cfg.guildSize = n, size } }

// maxMembers bounds what all members of a guild take, when they are asked for, to some 300 MB.
const maxMembers = 250_000

// WithMembers sets how many members each guild has. GUILD_CREATE lists as many of them, and at most all,
// as its size has room for, and a client gets the others by Request Guild Members. The default is 0: a
// number at random, mostly a few times those that are listed.
func WithMembers(n int) Option { return func(cfg *config) { cfg.members = n } }

// WithTraffic sends every session rate events a second once its GUILD_CREATEs are written; 0 (the
// default) sends none, [Saturated] as many as its client takes.
func WithTraffic(rate float64) Option { return func(cfg *config) { cfg.rate = rate } }

// WithWorlds sets how many shards a bot may have for each to get traffic of its own, about the guilds
// that it was told of. The traffic of a bot with more shards, or of one without guilds, is the same for all
// shards, about guilds that none of them was told of, and repeats itself after 20,000 events; it costs
// next to nothing for each shard. A world takes about 25 µs for each event and 200 bytes. The default is 16.
func WithWorlds(shards int) Option { return func(cfg *config) { cfg.worlds = shards } }

// WithEvents sets how many events of traffic there are. A session that got them all is
// asked to reconnect (opcode 7), and when it resumes its session ends (opcode 9), so that the next
// begins at the first again. The default is 250,000.
func WithEvents(n int) Option { return func(cfg *config) { cfg.events = n } }

// WithSeed sets what the content of guilds and traffic derives from. The default is 1.
func WithSeed(seed uint64) Option { return func(cfg *config) { cfg.seed = seed } }

// WithProbeShards makes the shards below n probes for latency: each of their traffic's events is a
// MESSAGE_CREATE, encoded and written by itself, whose data has the field
// "probe_ns":"00000000000000000000", the decimal [MonotonicNow] at the time of writing. The
// default is 0.
func WithProbeShards(n int) Option { return func(cfg *config) { cfg.probes = n } }

// WithTick sets how long the events of one connection may wait to be written together. The default
// is the time of four events, but at most 250 ms: fewer, larger writes let one core serve more
// connections. Probe shards do not wait, nor does any under [PacingExact] without this option.
func WithTick(d time.Duration) Option { return func(cfg *config) { cfg.tick = d } }

// WithLogger sets where the server says what it does. The default discards it.
func WithLogger(l *slog.Logger) Option { return func(cfg *config) { cfg.logger = l } }

// WithPublicURL sets the WebSocket URL that clients are told of, by Get Gateway, Get Gateway Bot and
// READY's resume_gateway_url, for a server behind a front end. The front end may send all of its
// connections, REST requests too, to either address of the server. The default is the addresses
// that the server listens on.
func WithPublicURL(gatewayURL string) Option {
	return func(cfg *config) { cfg.publicURL = gatewayURL }
}

// WithResumeURL sets READY's resume_gateway_url alone; "" leaves it out of READY. The default is that
// of [WithPublicURL].
func WithResumeURL(gatewayURL string) Option {
	return func(cfg *config) { cfg.resumeURL = &gatewayURL }
}

// publicURL returns the gateway's URL as clients are told it.
func (s *Server) publicURL() string {
	if s.cfg.publicURL != "" {
		return s.cfg.publicURL
	}
	return s.URL()
}

// publicResumeURL returns what READY gives as resume_gateway_url, "" for nothing.
func (s *Server) publicResumeURL() string {
	switch {
	case s.cfg.resumeURL != nil:
		return *s.cfg.resumeURL
	case s.cfg.publicURL != "":
		return s.cfg.publicURL
	}
	return s.ResumeURL()
}

// isGatewayURL reports whether a client can use s as the URL of a gateway.
func isGatewayURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "ws" || u.Scheme == "wss") && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
