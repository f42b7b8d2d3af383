package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet/internal/natsurl"
	"github.com/sluice-go/sluice/gateway"
)

// Config is what [Join] takes. Engine.Token and one of NATS and Conn are required.
type Config struct {
	// Engine is the configuration of this process's engine. Its Shards, StartEmpty, Sessions
	// and IdentifyQueue are the fleet's to set. A Gate of the user's is asked behind the
	// fleet's own. PerShard may not set a Session.
	Engine engine.Config

	// NATS has the URLs of NATS servers, separated by commas, as nats.Connect takes them.
	NATS string

	// Options are for nats.Connect: credentials, TLS. Names and reconnecting are the
	// fleet's to set.
	Options []nats.Option

	// Conn is a connection to use instead of one that Join makes. It should reconnect for
	// ever. It stays open. Default: Join connects to NATS.
	Conn *nats.Conn

	// Name names this process for people. Default: the host's name and the process id.
	Name string

	// Total is the number of shards that the bot's guilds are spread over. Default: that of
	// the fleet that runs, or else what Discord recommends. Another number than that of
	// the fleet that runs is an error; see [Fleet.Reshard].
	Total int

	// Capacity is this process's part of the shards, relative to that of the others: who has
	// 20 runs twice as many as who has 10. Default 10.
	Capacity int

	// Replaces is the Name of a process that this one is to take the place of: that one
	// hands all of its shards to this one, and its Run returns. Default: none, and a
	// process that joins gets its share of everybody's.
	Replaces string

	// Address is what others are told by [Fleet.OwnerAddress]: where this process offers something for its shards. Default none.
	Address string

	// Replicas is on how many servers of a NATS cluster the bucket is kept, once it is
	// made: 1, 3 or 5. Default 1; a cluster wants 3.
	Replicas int

	// Lease is how long a process that is gone keeps its shards where its absence does not
	// show otherwise, in whole seconds. Default 4 s.
	Lease time.Duration

	// SaveEvery is how old saved sequences may become: that much comes again after a kill.
	// Each save is one message of 20 bytes a shard; at most 200 KB are saved in a second, so
	// that 5,000 shards in one process are saved each half second. Default 250 ms.
	SaveEvery time.Duration

	poll   time.Duration // of the bucket
	period time.Duration // between two identifies of one key
}

const (
	defaultCapacity  = 10
	defaultLease     = 4 * time.Second
	defaultSaveEvery = 250 * time.Millisecond
	defaultPoll      = time.Second // whatever changes is hinted at, too
)

// validate fills in defaults and returns every mistake.
func (c *Config) validate() error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("fleet: Config.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if (c.NATS == "") == (c.Conn == nil) {
		bad("NATS", "set either this, to the URLs of NATS servers, or Conn")
	}
	if c.Total < 0 || c.Total > gateway.MaxShards {
		bad("Total", "%d is not between 1 and %d; 0 means what Discord recommends", c.Total, gateway.MaxShards)
	}
	if c.Capacity < 0 {
		bad("Capacity", "%d is negative; 0 means %d", c.Capacity, defaultCapacity)
	}
	switch c.Replicas {
	case 0, 1, 3, 5:
	default:
		bad("Replicas", "%d is none of 1, 3, 5", c.Replicas)
	}
	if c.Lease < 0 || c.Lease%time.Second != 0 || c.Lease > 0 && c.Lease < 2*time.Second {
		bad("Lease", "%v is no whole number of seconds from 2 on; 0 means %v", c.Lease, defaultLease)
	}
	if c.SaveEvery < 0 || c.SaveEvery > 0 && c.SaveEvery < 10*time.Millisecond {
		bad("SaveEvery", "%v is less than 10ms; 0 means %v", c.SaveEvery, defaultSaveEvery)
	}
	if strings.ContainsAny(c.Name+c.Replaces, "\n\r\t") {
		bad("Name", "a name has no line breaks or tabs")
	}
	e := &c.Engine
	if e.Shards != (engine.Shards{}) || e.Sessions != nil || e.IdentifyQueue != nil {
		bad("Engine", "its Shards, Sessions and IdentifyQueue are the fleet's to set; leave them out (Config.Total has the number of shards)")
	}
	c.Capacity = or(c.Capacity, defaultCapacity)
	c.Replicas = or(c.Replicas, 1)
	c.Lease = or(c.Lease, defaultLease)
	c.SaveEvery = or(c.SaveEvery, defaultSaveEvery)
	c.poll = or(c.poll, defaultPoll)
	if c.Name == "" {
		host, _ := os.Hostname()
		c.Name = host + "-" + strconv.Itoa(os.Getpid())
	}
	return errors.Join(errs...)
}

func or[T comparable](v, otherwise T) T {
	var none T
	if v == none {
		return otherwise
	}
	return v
}

// connect returns a connection to NATS that reconnects for ever, and whether it is to be
// closed. It tries until ctx ends, and says once that it does.
func (c *Config) connect(ctx context.Context, log *slog.Logger) (conn *nats.Conn, own bool, err error) {
	if c.Conn != nil {
		return c.Conn, false, nil
	}
	options := append([]nats.Option{}, c.Options...)
	options = append(options,
		nats.Name("sluice fleet "+c.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100*time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.PingInterval(2*time.Second), nats.MaxPingsOutstanding(2),
		nats.Timeout(2*time.Second),
		nats.ReconnectBufSize(-1), // what waits for a connection is old by then
	)
	for told := false; ; told = true {
		conn, err = nats.Connect(c.NATS, options...)
		if err == nil {
			return conn, true, nil
		}
		var network net.Error // a server that takes the connection, and is too busy to speak
		if slow := errors.As(err, &network) && network.Timeout(); !slow && !errors.Is(err, nats.ErrNoServers) && !errors.Is(err, nats.ErrTimeout) {
			return nil, false, fmt.Errorf("fleet: cannot use NATS at %s: %w; check Config.NATS, and the credentials in Config.Options", natsurl.Shown(c.NATS), natsurl.Cause(err))
		}
		if !told {
			log.Warn("no NATS server answers; trying again", "nats", natsurl.Shown(c.NATS), "cause", err)
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return nil, false, fmt.Errorf("fleet: no NATS server answers at %s: %w; start one, or correct Config.NATS", natsurl.Shown(c.NATS), err)
		}
	}
}
