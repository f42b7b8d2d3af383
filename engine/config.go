package engine

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// Version is this library's version, as it is told to Discord.
const Version = "0.1.0"

// projectURL identifies the library in the User-Agent of REST requests and in
// the properties of an identify.
const projectURL = "https://github.com/sluice-go/sluice"

const (
	defaultAPIURL          = "https://discord.com/api/v10"
	defaultMaxPayload      = 64 << 20
	minWindow              = 1 << 10 // the least that a frame can ask for (RFC 8878, section 3.1.1.1.2)
	maxLatency             = 100 * time.Millisecond
	maxSendLimit           = 100_000 // the times of so many sends are kept for each shard
	defaultGuildsTimeout   = 15 * time.Second
	defaultShutdownTimeout = 10 * time.Second
)

// Config is what New takes. Its zero values are the safe defaults; only Token
// and, for most bots, Intents must be set. New copies it.
type Config struct {
	// Token is the bot's token. Required.
	Token Token

	// Intents is what the gateway is asked to send. Default 0: only the events
	// that come without an intent.
	Intents gateway.Intents

	// Shards chooses the shards to run. Default: as many as Discord recommends, or as
	// many as Sessions has sessions of, so that these go on. Where it is left open, and
	// the gateway refuses the number that runs (close codes 4010 and 4011), Discord is
	// asked again, and all shards are replaced as by [Engine.Reshard].
	Shards Shards

	// StartEmpty has Run start without shards and go on without any: they are added by
	// [Engine.Attach] and [Engine.AddShards] once [Engine.Accepting] says so. Default
	// false.
	StartEmpty bool

	// Compression is asked of the gateway. Default ZlibStream.
	Compression Compression

	// GatewayURL is the first URL of each shard, as ws:// or wss://, without the
	// query. Default: the one that Get Gateway Bot names.
	GatewayURL string

	// APIURL is the base of the REST API. Default https://discord.com/api/v10.
	// Where GatewayURL and Shards are set and APIURL is not, no REST request is
	// made, and identifies are spaced for a max_concurrency of 1.
	APIURL string

	// IgnoreResumeURL has resumes go to GatewayURL as well, and what READY names as
	// resume_gateway_url be ignored: for a proxy that all connections are to go
	// through. Default false.
	IgnoreResumeURL bool

	// AllowedHosts are hosts, besides discord.gg and the host of the first URL,
	// to which a resume_gateway_url may lead; subdomains are included. A resume
	// carries the token, so any other host is ignored.
	AllowedHosts []string

	// TLS is used for the gateway and the API. It is cloned. Default: the
	// system's roots, TLS 1.2 or newer. Its Renegotiation is for the API alone: a
	// gateway that asks for a new handshake ends the connection, which is resumed.
	TLS *tls.Config

	// Dial opens the TCP connections to the gateway, to the API and to proxies, within
	// ctx; a connection that comes later is closed. It gets a host's name and a port,
	// and chooses among the host's addresses itself. Default: the system. The
	// addresses of a host are then raced, 250 ms apart (RFC 8305), connections spread
	// over those that work, and those that failed are tried last for some minutes.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Proxy chooses the proxy for a connection, like the field of the same name of
	// http.Transport: a URL that begins with http://, https://, socks5:// or
	// socks5h://, with a user name and a password in it or without; nil for none. The
	// request has only a method and a URL, whose scheme is https for a gateway's wss
	// and http for its ws. Default: as the environment says when New is called, by
	// HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, or the same in lower case;
	// loopback addresses are then never reached through a proxy. A function that
	// returns nil, nil has every connection go directly.
	Proxy func(*http.Request) (*url.URL, error)

	// Driver chooses how connections are read. Default AutoDriver.
	Driver Driver

	// Latency is how long an event may wait so that one wake of the process serves many. A wake is
	// most of what a lone event costs: with 1 ms an event takes half of the CPU where 10,000 come in a
	// second. It adapts: nothing waits while fewer than some two events come within it, nor where
	// events come faster than they are served, and heartbeats never wait. It is for event loops; the
	// portable driver ignores it. Default 0: none waits. At most 100 ms.
	Latency time.Duration

	// IdentifyQueue spaces identifies. Engines of one bot must share one; behind a
	// proxy that identifies, take [identify.Unlimited]. Where the API is asked, a queue with
	// a method SetMaxConcurrency(int), such as [identify.Local], is told Discord's
	// max_concurrency. Default: a identify.Local of this engine's own.
	IdentifyQueue identify.Queue

	// IdentifyReserve is how many of the day's identifies are never spent: what is
	// left of them when a fault has eaten the others. A shard without a session
	// then waits for the next day's, without a connection (see [identify.BudgetError]).
	// Default 0: a twentieth of the total. Negative: none, all are spent; more
	// than there are, never. It needs the API: where that is not asked (see
	// APIURL), nothing is known of identifies, and none is refused.
	IdentifyReserve int

	// Sessions keeps the sessions over restarts: the next engine with the same
	// store resumes them, without an identify and without losing an event. It is
	// saved within a quarter of a second of every READY (and the time that a save
	// takes), every 5 s while sequences move, and at the end of Run; while nothing
	// moves, nothing is written. A process that is killed forgets the sequences
	// since the last save: the events that they stand for are delivered again.
	// It also keeps what is left of the day's identifies. Default: none; a restart
	// identifies every shard.
	Sessions session.Store

	// SaveEvery is how old a sequence in Sessions may become, and so how much of a shard's
	// events come again after a kill. Default 5 s.
	SaveEvery time.Duration

	// Gate, if set, is called before each dial of a shard, in a goroutine of its own, and
	// says whether the shard may: nil lets it pass. opens tells what the connection is for,
	// a resume or an identify. The gate may wait, within ctx, which ends when the shard is
	// closed. Its error parks the shard: it has no connection, counts no failure, shows the
	// error in its state change and in View, and asks the gate again after 1 to 3 s, or at a
	// Restart. Set it where something else decides first: whether the shard is still
	// this process's, whether the machine is to be drained. Default: all pass.
	Gate Gate

	// OnStop, if set, is called when a shard stops for good, with why, a
	// [*lifecycle.StopError]; true ends Run, as without OnStop. False has the engine
	// forget the shard, and go on with the others. It is called on the shard's loop and
	// must not wait. Where Shards is left open, what the gateway refuses for its number is
	// resharded without asking. Default: a shard that stops for good ends Run.
	OnStop func(s *Shard, why error) (end bool)

	// Retries is how many attempts in a row may fail, after the first, before a
	// shard (or the first request to the API) gives up and Run ends. A connection
	// that became Ready has failed too if it ended within 30 s and before a heartbeat
	// was acknowledged. Default 0: no limit.
	Retries int

	// MaxPayload is the largest payload in bytes, decompressed. A larger one
	// closes the connection. Default 64 MiB.
	MaxPayload int

	// MaxWindow is the largest window of a zstd-stream in bytes, from 1 KiB to 2 GiB:
	// as much memory as each connection can need. A stream that asks for more closes
	// the connection. Discord's windows have 256 KiB. Default 8 MiB, which every
	// decoder should support (RFC 8878, section 3.1.1.1.2).
	MaxWindow int

	// LibraryZstd has zstd-stream decoded by klauspost/compress instead of this
	// project's own decoder, at more than twice the memory. Both take and refuse the
	// same frames, and neither compares checksums. Default false.
	LibraryZstd bool

	// KeepMemory leaves the memory of past storms with the process. Default false:
	// when 64 or more connections became ready, or windows of silent shards were packed,
	// 5 s after the last of them and at most every 10 minutes, the engine has garbage
	// collected and free memory returned to the system, by runtime/debug.FreeOSMemory. A
	// handshake leaves 75 KB of garbage, and steady traffic none that would ever lead to a
	// collection.
	KeepMemory bool

	// LargeThreshold is the number of members, 50 to 250, above which a guild's
	// offline members are left out. Default 0: Discord's own default, 50.
	LargeThreshold int

	// SendLimit is how many payloads a connection may send in 60 s, heartbeats
	// included, for which some are kept; commands beyond wait. It is for a proxy
	// that has a limit of its own, or none. Default 0: Discord's limit, 120.
	// Negative: no limit. At most 100,000.
	SendLimit int

	// Presence is sent with the identify, as the raw JSON of an Update Presence
	// structure. Default: none.
	Presence []byte

	// Properties describe the client to Discord. Default: the operating system,
	// and "sluice" as browser and device.
	Properties gateway.Properties

	// GuildsTimeout is how long after the last guild the next one may take to come
	// before [gateway.EventGuildsReady] is delivered without it. Default 15 s.
	GuildsTimeout time.Duration

	// ShutdownTimeout is how long Run waits, once its context ended, for
	// callbacks to return and close handshakes to finish. Default 10 s.
	ShutdownTimeout time.Duration

	// PerShard, if set, is called before each shard starts, with its id and what
	// this Config says for it, and may change that for this shard alone. Run or
	// AddShards call it, in the order of the ids; what it gets wrong is returned
	// by them as a [*ConfigError], and then no shard starts.
	PerShard func(id int, c *ShardConfig)

	// OnClose overrides what a close code of the gateway's leads to. Default:
	// [gateway.CloseCode.Decision].
	OnClose func(code gateway.CloseCode) gateway.Decision

	// OnPanic is called with the value of a callback's panic; the engine then
	// goes on with the next callback. Default nil: the panic is logged, all
	// shards are closed so that their sessions can be resumed, these are saved in
	// Sessions, and the panic ends the program. The same follows when OnPanic
	// panics, and when any other code does that the engine calls: OnClose, Dial,
	// Logger, IdentifyQueue, Sessions. It follows runtime.Goexit (which is what
	// testing.T.FailNow does) too, after which Run returns.
	OnPanic func(ev *Event, value any)

	// Logger gets what happens to connections; the token never reaches it. With the handler
	// of package calm a storm is a few lines, and not some for each shard.
	// Default slog.Default().
	Logger *slog.Logger

	proxy func(*url.URL) (*url.URL, error) // Proxy, or the environment's
	core  *core.Config                     // once GatewayURL is known
}

// ConfigError is one mistake in a Config. New joins all that it finds.
type ConfigError struct {
	Field  string // the field's name, as in Config
	Reason string // what is wrong, and what would be right
}

// Error implements error.
func (e *ConfigError) Error() string { return "engine: Config." + e.Field + ": " + e.Reason }

// ShardConfig is what [Config.PerShard] may change for one shard. Each field comes
// as Config has it, and means the same.
type ShardConfig struct {
	// Total is the number of shards that this one is one of: shards of several
	// totals may run beside each other. A change is ignored.
	Total int

	// Session is one to resume, as [Shard.Session] or [Shard.Close] gave it, in
	// this process or another; it goes before one that Config.Sessions has. The
	// gateway keeps a session for a few minutes. If it is gone, the shard announces
	// a [lifecycle.SessionLost] and identifies. It comes as [Engine.Attach] was given it,
	// otherwise as the zero value: none. One without ID or Seq counts as none.
	Session session.Session

	// GatewayURL comes as the one that Discord named, where Config names none.
	GatewayURL string

	IgnoreResumeURL bool
	Compression     Compression
	LargeThreshold  int
	Presence        []byte // to be replaced, or changed in place
	Properties      gateway.Properties
	SendLimit       int
}

// Settings are the configuration that a shard has, without the token and with what
// [Config] left open.
type Settings struct {
	Intents         gateway.Intents    `json:"intents"`
	GatewayURL      string             `json:"gateway_url"` // without its query, which may hold a proxy's key
	IgnoreResumeURL bool               `json:"ignore_resume_url"`
	Compression     Compression        `json:"compression"`
	LargeThreshold  int                `json:"large_threshold"`
	Presence        json.RawMessage    `json:"presence,omitempty"` // of the identify; a copy
	Properties      gateway.Properties `json:"properties"`
	SendLimit       int                `json:"send_limit"` // in 60 s, negative: none
	MaxPayload      int                `json:"max_payload"`
	MaxWindow       int                `json:"max_window"`
}

// settings returns what View shows of a configuration.
func (c *Config) settings() Settings {
	s := Settings{
		Intents: c.Intents, GatewayURL: c.Token.secret().Redact(secret.ShowURL(c.GatewayURL)), IgnoreResumeURL: c.IgnoreResumeURL,
		Compression: c.Compression, LargeThreshold: c.LargeThreshold,
		Presence: append(json.RawMessage(nil), c.Presence...), Properties: c.Properties,
		SendLimit: c.SendLimit, MaxPayload: c.MaxPayload, MaxWindow: c.MaxWindow,
	}
	if s.LargeThreshold == 0 {
		s.LargeThreshold = 50 // Discord: "Gateway Events", heading "Identify Structure"
	}
	if s.SendLimit == 0 {
		s.SendLimit = limit.Sends
	}
	return s
}
