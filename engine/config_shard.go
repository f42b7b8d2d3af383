package engine

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// ShardConfig is what [Config.PerShard] may change for one shard. Each field comes
// as Config has it, and means the same.
type ShardConfig struct {
	// Total is the number of shards that this one is one of: shards of several
	// totals may run beside each other. A change is ignored.
	Total int

	// Session is one to resume, as [Shard.Session] or [Shard.Close] gave it, in
	// this process or another; it goes before one that Config.Sessions has. The
	// gateway keeps a session for a few minutes. If it is gone, the shard announces
	// a [lifecycle.SessionLost] and identifies. It comes as the zero value: none.
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

// forShard returns the configuration of a shard, which is c itself where PerShard
// changes nothing, and the session that it was given by hand. The error joins every
// mistake.
func (c *Config) forShard(id, total int) (own *Config, sess session.Session, err error) {
	if c.PerShard == nil {
		return c, session.Session{}, nil
	}
	base := ShardConfig{
		Total: total, GatewayURL: c.GatewayURL, IgnoreResumeURL: c.IgnoreResumeURL,
		Compression: c.Compression, LargeThreshold: c.LargeThreshold,
		Presence: c.Presence, Properties: c.Properties, SendLimit: c.SendLimit,
	}
	s := base
	s.Presence = slices.Clone(base.Presence)
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
	if sess != (session.Session{}) {
		if err := core.CheckSession(sess, c.Token.secret()); err != nil {
			bad("Session", "%v", err)
		}
	}
	return own, sess, errors.Join(errs...)
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
	}
}

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
