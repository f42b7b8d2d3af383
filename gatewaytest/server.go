package gatewaytest

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/gatewaytest/internal/plan"
	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/internal/traffic"
)

// A Server is a gateway that listens on two addresses, one to identify and one to resume at. Its
// methods may be called from any goroutine at any time. Those that act on a shard act on all live
// sessions of that shard id, whatever their shard count, and return how many they reached.
type Server struct {
	cfg      *config
	identity *identity // nil without TLS
	listener net.Listener
	resumes  net.Listener
	http     *http.Server

	channelCache sync.Map      // of guilds that messages were sent to, by guild id
	lastMessage  atomic.Uint64 // id of the last message sent by REST

	maker    func() *traffic.Maker // of GUILD_CREATEs; made for the first
	recorded *recordings           // nil without WithTrace

	buckets identifyBuckets
	starts  startLimit
	owned   atomic.Int32  // connections that have an encoder of their own
	pacer   *pacer        // nil but under PacingExact
	epoch   time.Time     // when the server began
	quiet   atomic.Bool   // traffic has ended for good
	quit    chan struct{} // closed by Close
	plan    *plan.Plan
	wg      sync.WaitGroup

	stranger    sync.Once // makes strangerTLS
	strangerTLS *tls.Config
	strangerErr error

	mu        sync.Mutex
	token     secret
	restFault restFault
	closed    bool
	changed   chan struct{} // closed and replaced when a state that somebody waits for changes
	conns     map[*conn]struct{}
	sessions  map[string]*session
	shards    map[int]*shardRecord
	counts    counts
	reports   []*connReport
	feeds     map[feedKey]*feed

	restBuckets map[string]*restBucket
	commands    map[string][]appCommand       // by guild id; "" for the global ones
	commandID   uint64                        // of the last one, less the application's
	recipients  map[gatewire.Snowflake]string // the channels of direct messages
	direct      map[string]bool               // the same channels
	responses   responses
}

// NewServer starts a server that is closed when the test and its subtests have ended. A server
// that cannot start fails the test.
func NewServer(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	s, err := Start(opts...)
	if err != nil {
		tb.Fatal(err)
	}
	if s.cfg.chaosSeed != 0 {
		tb.Logf("gatewaytest: chaos seed %d", s.cfg.chaosSeed)
	}
	tb.Cleanup(s.Close)
	return s
}

// Start starts a server outside of a test. The caller must close it.
func Start(opts ...Option) (*Server, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:      cfg,
		epoch:    time.Now(),
		token:    cfg.token,
		quit:     make(chan struct{}),
		plan:     plan.New(plan.Config{Faults: cfg.faults, Seed: cfg.chaosSeed, Every: cfg.chaosEvery, Interval: cfg.chaosInterval}),
		changed:  make(chan struct{}),
		conns:    make(map[*conn]struct{}),
		sessions: make(map[string]*session),
		shards:   make(map[int]*shardRecord),

		restBuckets: make(map[string]*restBucket),
		commands:    make(map[string][]appCommand),
		recipients:  make(map[gatewire.Snowflake]string),
		direct:      make(map[string]bool),

		buckets: identifyBuckets{interval: cfg.identifyInterval, count: cfg.maxConcurrency, last: make(map[int]time.Time)},
		starts:  startLimit{total: cfg.startTotal, remaining: cfg.startRemaining},
		maker:   sync.OnceValue(func() *traffic.Maker { return traffic.NewMaker(cfg.seed, cfg.bot, cfg.members) }),
		feeds:   make(map[feedKey]*feed),
	}
	if cfg.trace != nil {
		if s.recorded, err = cfg.openTrace(); err != nil {
			return nil, fmt.Errorf("gatewaytest: %w", err)
		}
	}
	if err := s.listen(); err != nil {
		return nil, fmt.Errorf("gatewaytest: %w", err)
	}
	if cfg.pacing == PacingExact {
		if s.pacer, err = startPacer(&s.wg); err != nil {
			return nil, errors.Join(fmt.Errorf("gatewaytest: %w", err), s.listener.Close(), s.resumes.Close())
		}
	}
	s.serve()
	return s, nil
}

// listen opens both addresses, or none.
func (s *Server) listen() error {
	host, _, err := net.SplitHostPort(s.cfg.listen)
	if err != nil {
		return err
	}
	if s.cfg.tls {
		if s.identity, err = newIdentity(host, s.cfg.longChain); err != nil {
			return err
		}
	}
	if s.listener, err = net.Listen("tcp", s.cfg.listen); err != nil {
		return err
	}
	if s.resumes, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
		return errors.Join(err, s.listener.Close())
	}
	return nil
}

func (s *Server) serve() {
	s.http = &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ConnContext:       withWire,
		ErrorLog:          slog.NewLogLogger(s.cfg.logger.Handler(), slog.LevelDebug),
	}
	for _, l := range []net.Listener{
		&wireListener{s.listener, s, fault.GatewayAddress},
		&wireListener{s.resumes, s, fault.ResumeAddress},
	} {
		if s.identity != nil {
			l = tls.NewListener(l, s.serverTLS())
		}
		s.wg.Go(func() { s.http.Serve(l) }) // returns when Close closes the server
	}
}

// Close ends every connection without a close frame, stops listening, and returns when all of the
// server's goroutines have ended. It may be called again.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.quit)
	}
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	s.http.Close()
	for _, c := range conns {
		c.kill()
	}
	if s.pacer != nil {
		s.pacer.close()
	}
	s.wg.Wait()
}

// URL returns the WebSocket URL of the gateway, without a query: ws:// or wss://. Get Gateway
// returns it, unless [WithPublicURL] says otherwise.
func (s *Server) URL() string { return s.url("ws", s.listener) }

// APIURL returns the base URL of the REST API: http:// or https://, with the path /api/v10.
func (s *Server) APIURL() string { return s.url("http", s.listener) + "/api/v10" }

// ResumeURL returns the WebSocket URL that the server listens on for resumes. READY gives it as
// resume_gateway_url, unless [WithPublicURL] or [WithResumeURL] says otherwise.
func (s *Server) ResumeURL() string { return s.url("ws", s.resumes) }

func (s *Server) url(scheme string, l net.Listener) string {
	if s.identity != nil {
		scheme += "s"
	}
	return scheme + "://" + l.Addr().String()
}

// TLSConfig returns a new client configuration that trusts the server's certificate authority and
// no other; nil if the server does not speak TLS.
func (s *Server) TLSConfig() *tls.Config {
	if s.identity == nil {
		return nil
	}
	return s.identity.client()
}

// CertPEM returns the certificate of the server's authority, PEM-encoded, for clients in other
// processes; nil if the server does not speak TLS.
func (s *Server) CertPEM() []byte {
	if s.identity == nil {
		return nil
	}
	return s.identity.pem()
}

// Token returns the bot token that the server accepts, without the prefix "Bot ".
func (s *Server) Token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token()
}

// String returns the server's address.
func (s *Server) String() string { return "gatewaytest server at " + s.URL() }

// Format implements [fmt.Formatter]: all verbs print what String returns. What the clients sent
// holds the token, and is left out.
func (s *Server) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// burst is the sequence of a session's last GUILD_CREATE.
func (s *Server) burst() int64 { return 1 + int64(s.cfg.guilds) }

// perSegment is how many events are encoded together: at most those of a second.
func (cfg *config) perSegment() int {
	if cfg.rate == Saturated {
		return segmentEvents
	}
	return max(1, min(segmentEvents, int(cfg.rate)))
}

// maxACKDelay is how long an ACK may wait for the end of a segment.
const maxACKDelay = 20 * time.Millisecond

// slowSegments reports whether a segment can take longer than an ACK may wait. An ACK then has the
// segment left, and the rest of it encoded for the one connection.
func (cfg *config) slowSegments() bool {
	return cfg.rate != Saturated && float64(cfg.perSegment()-1) > cfg.rate*maxACKDelay.Seconds()
}

// newSessionID makes an id of the length that Discord's have.
func newSessionID() string {
	const hex = "0123456789abcdef"
	b := make([]byte, 32)
	rand.Read(b)
	for i := range b {
		b[i] = hex[b[i]&15]
	}
	return string(b)
}
