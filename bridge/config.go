package bridge

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sluice-go/sluice/engine"
)

const (
	defaultReplay       = 3 * time.Minute
	defaultReplayBytes  = 256 << 20
	defaultShardBytes   = 4 << 20
	defaultHeartbeat    = 41250 * time.Millisecond // as Discord's
	defaultReadyTimeout = 2 * time.Minute
	defaultMaxConns     = 10_000
	defaultDayStarts    = 100_000
	defaultMinuteStarts = 5_000
	minToken            = 16
	maxBots             = 1000
)

// Config is what New takes. Only Engine and Bots must be set. New copies it.
type Config struct {
	// Engine holds the shards. Required. New registers its callbacks with it, so that New comes before
	// Run.
	Engine *engine.Engine

	// Bots are those who may connect, at least one and at most 1000.
	Bots []Bot

	// Share names bots whose connections on the same shard share the events: each event goes to one of
	// them, in turn. Those that a session has not got when it ends are gone with it, and what one learns of a guild
	// after it began, the others do not. Default: none; every session gets every event.
	Share []string

	// URL is the gateway's address as bots reach it, ws:// or wss://. Default: made of the Host that a
	// bot's request names, and of whether it came by TLS.
	URL string

	// Replay is for how long a bot may be away and resume. Default 3 min.
	Replay time.Duration

	// ReplayBytes is how many bytes of events are kept for that, over all shards, each of which has an
	// equal part. Default 256 MiB, or 4 MiB for each shard where that is more.
	ReplayBytes int

	// MaxLag is how many bytes of events a connected bot may be behind on a shard before it is closed with
	// 4008. It can resume, as long as the events are there. Default: half of the shard's part of ReplayBytes.
	MaxLag int

	// Heartbeat is the interval that bots are told. Default 41.25 s.
	Heartbeat time.Duration

	// ReadyTimeout is how long an identify waits for its shard to have a session at Discord. Default 2 min.
	ReadyTimeout time.Duration

	// MaxConnections is how many connections there may be at once. Default 10,000.
	MaxConnections int

	// StartsPerDay and StartsPerMinute are how many identifies one bot may send. Defaults 100,000 and 5,000.
	StartsPerDay, StartsPerMinute int

	// TLS has Serve speak TLS. Default: it does not, as is right on loopback, a Unix socket or behind a proxy.
	TLS *tls.Config

	// PassREST has requests to the REST API passed on to API, with Discord's token in the place of the bot's.
	// Default: all but Get Gateway and Get Gateway Bot are answered with 404.
	PassREST bool

	// Token is Discord's, for PassREST, and for Peers, to whom a hash of it proves that they have one bot.
	Token engine.Token

	// API is where PassREST passes to: the scheme and host in front of /api. Default https://discord.com.
	API string

	// Transport carries what PassREST passes on. Default [http.DefaultTransport].
	Transport http.RoundTripper

	// Members has bots told all members and presences that Discord's GUILD_CREATE had, at the memory that
	// these take. Default: only the bot's own member and those in voice channels.
	Members bool

	// Data is where the bridge outlives its process; the engine's Sessions must be its [Data.Sessions], unless sessions are kept
	// where Peers find them, too ([Data.Take]). Without it, the engine must have no Sessions: bots begin with READY, which a session that is resumed does not bring again.
	Data *Data

	// Peers has bots that identify for a shard of another process passed on to that one's bridge. A bot may then
	// connect to any of them. A shard that moves takes its bots along by [Bridge.HandOver]; one that comes without what
	// belongs to it begins a new session. Default: this process has all shards.
	Peers Peers

	// PeersTLS is for connections to peers whose addresses begin with wss://. Default: trust the system's authorities.
	PeersTLS *tls.Config

	// Logger gets what happens to bots; no token reaches it. Default slog.Default().
	Logger *slog.Logger
}

// Bot is someone who may connect.
type Bot struct {
	Name  string // for the log, for Share and for figures; bots of one name are one bot with several tokens
	Token string // the bridge's own: 16 characters or more, not Discord's
}

// ConfigError is one mistake in a Config. New joins all that it finds.
type ConfigError struct {
	Field  string // the field's name, as in Config
	Reason string // what is wrong, and what would be right
}

// Error implements error.
func (e *ConfigError) Error() string { return "bridge: Config." + e.Field + ": " + e.Reason }

// check fills in the defaults and returns all mistakes.
func (c *Config) check() error {
	var mistakes []error
	mistake := func(field, format string, args ...any) {
		mistakes = append(mistakes, &ConfigError{field, fmt.Sprintf(format, args...)})
	}
	if c.Engine == nil {
		mistake("Engine", "is missing: the bridge needs one that holds its shards")
	}
	c.checkBots(mistake)
	if c.URL != "" {
		if u, err := url.Parse(c.URL); err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" {
			mistake("URL", "is no URL that begins with ws:// or wss:// and names a host")
		}
	}
	if c.API == "" {
		c.API = "https://discord.com"
	}
	if u, err := url.Parse(c.API); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		mistake("API", "is no URL that begins with https:// or http:// and names a host")
	}
	if c.Token.Reveal() == "" && c.PassREST {
		mistake("Token", "is missing: PassREST shows it to Discord")
	} else if c.Token.Reveal() == "" && c.Peers != nil {
		mistake("Token", "is missing: Peers know each other by it")
	}
	positive(&c.Replay, defaultReplay, "Replay", mistake)
	positive(&c.ReplayBytes, 0, "ReplayBytes", mistake)
	positive(&c.Heartbeat, defaultHeartbeat, "Heartbeat", mistake)
	positive(&c.ReadyTimeout, defaultReadyTimeout, "ReadyTimeout", mistake)
	positive(&c.MaxConnections, defaultMaxConns, "MaxConnections", mistake)
	positive(&c.StartsPerDay, defaultDayStarts, "StartsPerDay", mistake)
	positive(&c.StartsPerMinute, defaultMinuteStarts, "StartsPerMinute", mistake)
	if c.MaxLag < 0 {
		mistake("MaxLag", "is negative: it is a number of bytes")
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	return errors.Join(mistakes...)
}

// positive sets a field that is 0 to its default, and refuses one below.
func positive[T int | time.Duration](field *T, otherwise T, name string, mistake func(field, format string, args ...any)) {
	if *field < 0 {
		mistake(name, "is negative")
	}
	if *field == 0 {
		*field = otherwise
	}
}

func (c *Config) checkBots(mistake func(field, format string, args ...any)) {
	switch {
	case len(c.Bots) == 0:
		mistake("Bots", "is empty: nobody could connect")
	case len(c.Bots) > maxBots:
		mistake("Bots", "has %d bots, at most %d can be", len(c.Bots), maxBots)
	}
	seen := make(map[string]bool, len(c.Bots))
	for _, bot := range c.Bots {
		switch {
		case bot.Name == "":
			mistake("Bots", "has a bot without a name")
		case len(bot.Token) < minToken:
			mistake("Bots", "has a token of less than %d characters for %q", minToken, bot.Name)
		case seen[bot.Token]:
			mistake("Bots", "has the token of %q twice", bot.Name)
		case bot.Token == c.Token.Reveal():
			mistake("Bots", "has Discord's token for %q: make up one of the bridge's own", bot.Name)
		}
		seen[bot.Token] = true
	}
	for _, name := range c.Share {
		if !slices.ContainsFunc(c.Bots, func(b Bot) bool { return b.Name == name }) {
			mistake("Share", "names %q, which is none of Bots", name)
		}
	}
	c.Bots, c.Share = slices.Clone(c.Bots), slices.Clone(c.Share)
}
