// Package identifyhttp lets bots in other languages, and processes without NATS, share an
// identify queue over HTTP, in the manner of twilight's gateway-queue: a request waits until its
// shard may identify.
//
//	GET /?shard=17
//	Authorization: Bearer SECRET
//
// The answer is 200 when the shard may identify, at once. Any other status says why not: 400 for
// a shard that makes no sense, 401 for another secret, 429 where too many wait, 503 with
// Retry-After where no identify of the day is left.
package identifyhttp

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
)

// Margin is how long after the answer the identify may be sent. The 5 s until the next one
// count from its end.
const Margin = 500 * time.Millisecond

// Options are those of a [Handler]. Secret is required.
type Options struct {
	// Secret is what clients show. It is not the bot's token.
	Secret string

	// MaxWaiting is how many requests may wait at a time. Default 10,000.
	MaxWaiting int
}

// Handler is the service.
type Handler struct {
	queue   identify.Queue
	options Options
	waiting atomic.Int64
}

// NewHandler returns a service that gives out what a queue does: that of a fleet
// (Fleet.IdentifyQueue), or identify.NewLocal's where this process has it alone.
func NewHandler(queue identify.Queue, options Options) (*Handler, error) {
	if options.Secret == "" {
		return nil, errors.New("identifyhttp: Options.Secret is empty: anybody who reaches the service could use up the day's identifies")
	}
	if options.MaxWaiting <= 0 {
		options.MaxWaiting = 10_000
	}
	return &Handler{queue: queue, options: options}, nil
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, why string) { http.Error(w, why, status) }
	secret, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer || subtle.ConstantTimeCompare([]byte(secret), []byte(h.options.Secret)) != 1 {
		refuse(http.StatusUnauthorized, "show the service's secret as Authorization: Bearer SECRET")
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		refuse(http.StatusMethodNotAllowed, "want GET")
		return
	}
	shard, err := strconv.Atoi(r.URL.Query().Get("shard"))
	if err != nil || shard < 0 || shard >= gateway.MaxShards {
		refuse(http.StatusBadRequest, "name the shard, as ?shard=17")
		return
	}
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > int64(h.options.MaxWaiting) {
		w.Header().Set("Retry-After", "5")
		refuse(http.StatusTooManyRequests, "too many shards wait already")
		return
	}
	permit, err := h.queue.Acquire(r.Context(), shard)
	var budget *identify.BudgetError
	switch {
	case r.Context().Err() != nil:
		if permit != nil {
			permit.Release()
		}
		return
	case errors.As(err, &budget):
		w.Header().Set("Retry-After", strconv.Itoa(int(time.Until(budget.Until).Seconds())+1))
		refuse(http.StatusServiceUnavailable, err.Error())
		return
	case err != nil:
		w.Header().Set("Retry-After", "1")
		refuse(http.StatusServiceUnavailable, err.Error())
		return
	}
	// Whether the client identifies, nobody tells; it is taken to.
	time.AfterFunc(Margin, func() {
		permit.Sent()
		permit.Release()
	})
	_, _ = io.WriteString(w, "the shard may identify now\n")
}

// Queue is an identify.Queue that asks such a service.
type Queue struct {
	URL    string // of the service, http:// or https://
	Secret string
	Client *http.Client // without a timeout, since requests wait. Default: one of its own
}

var patient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Acquire implements [identify.Queue]. The error is that of ctx, or says what the service
// answered, or a [*identify.BudgetError].
func (q *Queue) Acquire(ctx context.Context, shard int) (identify.Permit, error) {
	u, err := url.Parse(q.URL)
	if err != nil || u.Host == "" {
		return nil, errors.New("identifyhttp: Queue.URL is no URL")
	}
	query := u.Query()
	query.Set("shard", strconv.Itoa(shard))
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errors.New("identifyhttp: Queue.URL is no URL")
	}
	req.Header.Set("Authorization", "Bearer "+q.Secret)
	client := q.Client
	if client == nil {
		client = patient
	}
	resp, err := client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the URL
		}
		return nil, fmt.Errorf("identifyhttp: the service does not answer: %w", err)
	}
	defer resp.Body.Close()
	granted := time.Now()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if resp.StatusCode == http.StatusOK {
		return permit{granted}, nil
	}
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err == nil && seconds > 60 && resp.StatusCode == http.StatusServiceUnavailable {
		until := time.Now().Add(time.Duration(min(seconds, 24*60*60)) * time.Second)
		return nil, &identify.BudgetError{Budget: identify.Budget{ResetAt: until}, Until: until}
	}
	return nil, fmt.Errorf("identifyhttp: the service answered %d: %s", resp.StatusCode, strings.TrimSpace(string(text)))
}

// permit is good for as long as the service counts on it.
type permit struct{ granted time.Time }

// Sent implements [identify.Permit].
func (permit) Sent() {}

// Release implements [identify.Permit].
func (permit) Release() {}

// Expired implements [identify.Expirer].
func (p permit) Expired() bool { return time.Since(p.granted) > Margin }
