package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/saver"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// validate fills in defaults and returns every mistake.
func (c *Config) validate() error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, &ConfigError{Field: field, Reason: fmt.Sprintf(format, args...)})
	}
	if err := c.Token.check(); err != nil {
		bad("Token", "%v", err)
	}
	if unknown := c.Intents &^ gateway.IntentsAll; unknown != 0 {
		bad("Intents", "bits %#x are no intents of Discord's", uint64(unknown))
	}
	if c.StartEmpty && c.Shards != (Shards{}) {
		bad("StartEmpty", "is set beside Shards; choose one")
	}
	if s := c.Shards; !s.valid() {
		bad("Shards", "%v is no range of shards: 0 ≤ First, 0 ≤ Count, First + Count ≤ Total ≤ %d", s, gateway.MaxShards)
	}
	c.checkShard(bad)
	for _, host := range c.AllowedHosts {
		if host == "" || strings.ContainsAny(host, ":/@* ") || strings.HasPrefix(host, ".") {
			bad("AllowedHosts", "%q is no host name; give one like example.com, without scheme, port or wildcard", host)
		}
	}
	if c.APIURL != "" {
		if err := transport.CheckURL(c.APIURL, "http", "https"); err != nil {
			bad("APIURL", "%v", err)
		}
	}
	if c.Retries < 0 {
		bad("Retries", "%d is negative; 0 means no limit", c.Retries)
	}
	if c.Latency < 0 || c.Latency > maxLatency {
		bad("Latency", "%v is not between 0 and %v", c.Latency, maxLatency)
	}
	if c.MaxPayload < 0 {
		bad("MaxPayload", "%d is negative; 0 means 64 MiB", c.MaxPayload)
	}
	if c.MaxWindow < 0 || c.MaxWindow > 0 && c.MaxWindow < minWindow || c.MaxWindow > math.MaxInt32 {
		bad("MaxWindow", "%d is not between %d and %d bytes; 0 means 8 MiB", c.MaxWindow, minWindow, math.MaxInt32)
	}
	if c.SaveEvery < 0 {
		bad("SaveEvery", "%v is negative; 0 means %v", c.SaveEvery, saver.SaveEvery)
	}
	if c.GuildsTimeout < 0 {
		bad("GuildsTimeout", "%v is negative; 0 means %v", c.GuildsTimeout, defaultGuildsTimeout)
	}
	if c.ShutdownTimeout < 0 {
		bad("ShutdownTimeout", "%v is negative; 0 means %v", c.ShutdownTimeout, defaultShutdownTimeout)
	}
	if err := c.chooseProxy(); err != nil {
		bad("Proxy", "%v; correct it, or set Config.Proxy", err)
	}
	c.setDefaults()
	if len(errs) == 0 {
		c.checkIdentify(bad)
	}
	return errors.Join(errs...)
}

func (c *Config) setDefaults() {
	if c.MaxPayload == 0 {
		c.MaxPayload = defaultMaxPayload
	}
	if c.MaxWindow == 0 {
		c.MaxWindow = inflow.DefaultMaxWindow
	}
	if c.SaveEvery == 0 {
		c.SaveEvery = saver.SaveEvery
	}
	if c.GuildsTimeout == 0 {
		c.GuildsTimeout = defaultGuildsTimeout
	}
	if c.ShutdownTimeout == 0 {
		c.ShutdownTimeout = defaultShutdownTimeout
	}
	if c.OnClose == nil {
		c.OnClose = gateway.CloseCode.Decision
	}
	c.AllowedHosts = slices.Clone(c.AllowedHosts)
	c.Presence = slices.Clone(c.Presence)
	if c.Properties == (gateway.Properties{}) {
		c.Properties = gateway.Properties{OS: runtime.GOOS, Browser: "sluice", Device: "sluice"}
	}
	if c.TLS == nil {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	} else {
		c.TLS = c.TLS.Clone()
	}
	if c.TLS.ClientSessionCache == nil {
		c.TLS.ClientSessionCache = tls.NewLRUClientSessionCache(64)
	}
	c.Logger = c.Token.secret().Logger(c.Logger)
}

// chooseProxy sets how proxies are chosen.
func (c *Config) chooseProxy() (err error) {
	if c.Proxy == nil {
		c.proxy, err = transport.ProxyFromEnvironment()
		return err
	}
	c.proxy = func(u *url.URL) (*url.URL, error) {
		p, err := c.Proxy(&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}})
		if err != nil {
			return nil, fmt.Errorf("Config.Proxy: %w", err)
		}
		return p, nil
	}
	return nil
}

// forShard returns the configuration of a shard, which is c itself where PerShard
// changes nothing, and the session that it was given by hand. The error joins every
// mistake.
func (c *Config) forShard(spec ShardSpec) (own *Config, sess session.Session, err error) {
	id, total, sess := spec.ID, spec.Total, spec.Session
	if c.PerShard == nil {
		if err := c.checkSession(sess); err != nil {
			return nil, sess, fmt.Errorf("%w (shard %v)", err, spec)
		}
		return c, sess, nil
	}
	base := ShardConfig{
		Total: total, GatewayURL: c.GatewayURL, IgnoreResumeURL: c.IgnoreResumeURL,
		Compression: c.Compression, LargeThreshold: c.LargeThreshold,
		Presence: c.Presence, Properties: c.Properties, SendLimit: c.SendLimit,
	}
	s := base
	s.Presence, s.Session = slices.Clone(base.Presence), sess
	c.PerShard(id, &s)
	sess = s.Session
	s.Total, s.Session = total, session.Session{}
	own = c
	if !reflect.DeepEqual(s, base) {
		copied := *c // thousands of shards that change nothing share one
		own = &copied
		own.GatewayURL, own.IgnoreResumeURL = s.GatewayURL, s.IgnoreResumeURL
		own.Compression, own.LargeThreshold = s.Compression, s.LargeThreshold
		own.Presence, own.Properties, own.SendLimit = slices.Clone(s.Presence), s.Properties, s.SendLimit
	}

	var errs []error
	bad := func(field, format string, args ...any) {
		field = fmt.Sprintf("PerShard(%d).%s", id, field)
		errs = append(errs, &ConfigError{Field: field, Reason: fmt.Sprintf(format, args...)})
	}
	if own != c {
		if own.GatewayURL == "" {
			bad("GatewayURL", "is empty; leave it as it comes, or name another")
		}
		if own.checkShard(bad); len(errs) == 0 {
			own.checkIdentify(bad)
		}
		own.core = own.forCore()
	}
	if err := c.checkSession(sess); err != nil {
		bad("Session", "%v", err)
	}
	return own, sess, errors.Join(errs...)
}

// checkSession refuses a session that was given by hand and makes no sense. One that cannot
// be resumed yet, since it has no id or no event of it was delivered, counts as none.
func (c *Config) checkSession(s session.Session) error {
	if !s.Keepable() {
		return nil
	}
	return core.CheckSession(s, c.Token.secret())
}

// checkShard tells bad what is wrong with the fields that ShardConfig has too.
func (c *Config) checkShard(bad func(field, format string, args ...any)) {
	if c.Compression > NoCompression {
		bad("Compression", "%v is none of ZlibStream, ZstdStream, PayloadCompression, NoCompression", c.Compression)
	}
	if c.GatewayURL != "" {
		if err := transport.CheckURL(c.GatewayURL, "ws", "wss"); err != nil {
			bad("GatewayURL", "%v", err)
		}
	}
	if c.LargeThreshold != 0 && (c.LargeThreshold < 50 || c.LargeThreshold > 250) {
		bad("LargeThreshold", "%d is not between 50 and 250", c.LargeThreshold)
	}
	if c.SendLimit > maxSendLimit {
		bad("SendLimit", "%d is more than %d; a negative one switches the limit off", c.SendLimit, maxSendLimit)
	}
}

// checkIdentify tells bad what only the builder of the identify can see: a
// presence that is no JSON object, or an identify that is too large, with the
// longest numbers that a shard can have. Everything else has been checked.
func (c *Config) checkIdentify(bad func(field, format string, args ...any)) {
	if _, err := gateway.AppendIdentify(nil, c.Token.secret().Reveal(), c.identify(gateway.MaxShards-1, gateway.MaxShards)); err != nil {
		bad("Presence", "%v; shorten Presence or Properties", err)
	}
}

// forCore returns what the cores of shards with this configuration are given.
func (c *Config) forCore() *core.Config {
	return &core.Config{
		Token: c.Token.secret(), URL: c.GatewayURL, Compress: c.Compression.query(),
		IgnoreResumeURL: c.IgnoreResumeURL, AllowedHosts: c.AllowedHosts, Inflow: c.inflow(),
		GuildsTimeout: c.GuildsTimeout, Retries: c.Retries, OnClose: c.OnClose, Logger: c.Logger,
		Epoch: processEpoch,
	}
}

// processEpoch is what all engines of the process count heartbeats from.
var processEpoch = time.Now()

// inflow returns how a connection is compressed.
func (c *Config) inflow() inflow.Config {
	in := inflow.Config{Limit: c.MaxPayload, MaxWindow: c.MaxWindow, Library: c.LibraryZstd}
	switch c.Compression {
	case ZlibStream:
		in.Stream = inflow.Zlib
	case ZstdStream:
		in.Stream = inflow.Zstd
	}
	return in
}

// identify returns what the identify of one shard says, besides the token.
func (c *Config) identify(shard, total int) *gateway.Identify {
	return &gateway.Identify{
		Intents:        c.Intents,
		Properties:     c.Properties,
		Compress:       c.Compression == PayloadCompression,
		LargeThreshold: c.LargeThreshold,
		ShardID:        shard,
		ShardCount:     total,
		Presence:       c.Presence,
	}
}
