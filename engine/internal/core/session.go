package core

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
	"unique"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

const (
	// resumeURLTries is how many connections in a row may fail at
	// resume_gateway_url before a resume goes to the first URL.
	resumeURLTries = 2

	// A session that is gone must not be resumed for ever: it is given up when
	// maxResumes resumes in a row have brought nothing and it was last known to be
	// alive resumeTime ago. Both must hold. An outage ends many resumes within a
	// minute, and to identify then would cost events, and the budget; the gateway
	// keeps a session for some minutes. A gateway that knows that a session is gone
	// says so (op 9 with d:false, 4003, 4007, 4009), and is believed at once.
	maxResumes = 5
	resumeTime = 5 * time.Minute
)

// sessionState is a shard's session, with what came of resuming it.
type sessionState struct {
	session.Session
	urlFailures int32 // connections in a row that failed at ResumeURL
	resumes     int32 // resumes in a row that brought nothing

	// alive is when the session was last known to be alive: a connection of it was
	// Ready, or a resume replayed. For one that was adopted it is the first dial.
	alive time.Time
	ledger
	guilds *guildWait // nil: no guild of READY is waited for
}

func (s *sessionState) resumable() bool { return s.ID != "" }

var (
	errNoSession      = errors.New("engine: session cannot be resumed: it has no id, or no event of it was delivered")
	errTokenInSession = errors.New("engine: session cannot be resumed: its id holds the token, which no session_id of Discord's does")
)

// CheckSession says why a session cannot be resumed.
func CheckSession(s session.Session, token secret.Secret) error {
	switch {
	case s.ID == "" || s.Seq < 1:
		return errNoSession
	case token.In(s.ID):
		return errTokenInSession
	}
	if _, err := gateway.AppendResume(nil, token.Reveal(), s.ID, s.Seq); err != nil {
		return fmt.Errorf("engine: session cannot be resumed: %w", err)
	}
	return nil
}

// clear forgets the session: the next connection identifies.
func (s *sessionState) clear() { *s = sessionState{} }

// withQuery adds the query of version 10 to a URL that has been checked. compress is its
// parameter of that name, "" for none.
func withQuery(base, compress string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	if u.Path == "" {
		u.Path = "/"
	}
	query := "v=10&encoding=json"
	if compress != "" {
		query += "&compress=" + compress
	}
	// Parameters of the user's own (a proxy's key, say) are kept.
	own := u.Query()
	for _, name := range []string{"v", "encoding", "compress"} {
		own.Del(name)
	}
	if len(own) > 0 {
		query += "&" + own.Encode()
	}
	u.RawQuery = query
	return u.String()
}

// readSession takes what READY says about the session. An id that holds the token
// would be saved and shown.
func readSession(d []byte, token secret.Secret) (sessionState, error) {
	ready := lazyjson.ValueOf(d)
	id, err := ready.Get("session_id").AppendString(nil)
	if err != nil || len(id) == 0 {
		return sessionState{}, &inflow.CorruptError{What: "READY without a session_id", Err: err}
	}
	if token.In(string(id)) {
		return sessionState{}, &inflow.CorruptError{What: "READY with a session_id that holds the token"}
	}
	resume, err := ready.Get("resume_gateway_url").AppendString(nil)
	if err != nil {
		resume = nil
	}
	// Most shards are given the same URL.
	return sessionState{Session: session.Session{ID: string(id), ResumeURL: unique.Make(string(resume)).Value()}}, nil
}

// refusedResumeURL says why a resume must not go to a URL, "" if it may. The
// resume carries the token, so the connection must be as safe as the first one
// and lead to a host that is known.
func refusedResumeURL(resume, first string, allowed []string) (cause string) {
	r, err := url.Parse(resume)
	if err != nil || r.Host == "" || (r.Scheme != "ws" && r.Scheme != "wss") || r.User != nil {
		return "it is no WebSocket URL"
	}
	f, err := url.Parse(first)
	if err != nil {
		return "the first URL is none"
	}
	if f.Scheme == "wss" && r.Scheme != "wss" {
		return "it is not encrypted, but the first URL was"
	}
	host := strings.ToLower(r.Hostname())
	if host == strings.ToLower(f.Hostname()) || (isLoopback(host) && isLoopback(f.Hostname())) {
		return ""
	}
	for _, domain := range append([]string{"discord.gg"}, allowed...) {
		domain = strings.ToLower(domain)
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return ""
		}
	}
	return "its host is neither discord.gg, nor the first URL's, nor one of Config.AllowedHosts"
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// guildWait keeps which guilds of READY have not been heard of. A session has one
// only while some have not, and only if a callback asked for GuildsReady.
type guildWait struct {
	pending map[uint64]struct{}
	tally   lifecycle.GuildsReady
}

// ledger is what a session knows of its sequence beside the last one.
type ledger struct {
	// doubted is the sequence that the session was resumed for because the next
	// event had another; 0: none. Each is resumed for once.
	doubted int64

	repeatsAt int64 // behind this sequence
	repeats   int32 // came so many in a row on live connections that were delivered before

	// What resumes have brought since the session was last live.
	replayed   int32
	missedFrom int64 // the first sequence that was asked for, 0: nothing was
}

// replay counts an event that a resume has brought. A session that is replayed
// is not one whose resumes go unanswered.
func (s *sessionState) replay(now time.Time) {
	s.replayed++
	s.alive = now
	s.resumes, s.urlFailures = 0, 0
}
