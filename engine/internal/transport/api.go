package transport

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/gateway"
)

const (
	// maxAnswer is how much of an answer of the API is read.
	maxAnswer = 1 << 20

	restTimeout = 15 * time.Second
)

// GatewayBot is what Get Gateway Bot answers (Discord: "Get Gateway Bot").
type GatewayBot struct {
	URL    string `json:"url"`
	Shards int    `json:"shards"`
	Limit  struct {
		Total          int   `json:"total"`
		Remaining      int   `json:"remaining"`
		ResetAfter     int64 `json:"reset_after"` // ms
		MaxConcurrency int   `json:"max_concurrency"`
	} `json:"session_start_limit"`
}

// API asks the REST API.
type API struct {
	base      string
	token     secret.Secret
	userAgent string
	refused   func(status int, retryAfter time.Duration) error
	http      *http.Client
}

// NewAPI returns a client of the API at a URL, which dials by a dialer. refused makes the
// error of an answer that is no success: retryAfter is what it asks to be waited for, an
// hour at most, 0 if nothing.
func NewAPI(base string, token secret.Secret, config *tls.Config, dialer *Dialer, userAgent string,
	refused func(status int, retryAfter time.Duration) error) *API {
	return &API{
		base: strings.TrimRight(base, "/"), token: token, userAgent: userAgent, refused: refused,
		http: &http.Client{
			Timeout: restTimeout,
			Transport: &http.Transport{
				DialContext:            dialer.DialContext,
				Proxy:                  dialer.ForTransport,
				OnProxyConnectResponse: OnConnect,
				TLSClientConfig:        config.Clone(),
				ForceAttemptHTTP2:      true,
				DisableKeepAlives:      true, // one request in hours
				MaxResponseHeaderBytes: 64 << 10,
			},
			// A redirect would take the token to another place.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// GatewayBot asks once. The error never holds the token.
func (c *API) GatewayBot(ctx context.Context) (*GatewayBot, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/gateway/bot", nil)
	if err != nil {
		return nil, errors.New("the API URL cannot be used")
	}
	req.Header.Set("Authorization", "Bot "+c.token.Reveal())
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := c.do(req)
	if err != nil {
		return nil, fmt.Errorf("cannot ask the API for the gateway: %w%s", err, tlsRemedy(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode != http.StatusOK {
		return nil, c.refused(resp.StatusCode, retryAfter(resp.Header, body))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the API's answer: %w", err)
	}
	bot := &GatewayBot{}
	if err := json.Unmarshal(body, bot); err != nil {
		return nil, fmt.Errorf("the API's answer is not what Get Gateway Bot answers: %w; check the API URL", err)
	}
	if err := bot.check(c.base, c.token); err != nil {
		return nil, err
	}
	return bot, nil
}

// do sends a request. An error names the address or the proxy, and does not quote the URL.
func (c *API) do(req *http.Request) (*http.Response, error) {
	var trace Trace
	resp, err := c.http.Do(req.WithContext(WithTrace(req.Context(), &trace)))
	var quotes *url.Error
	if errors.As(err, &quotes) {
		if err = quotes.Err; quotes.Timeout() {
			err = fmt.Errorf("no answer within %v: %w", restTimeout, err)
		}
	}
	return resp, trace.End(err)
}

// check refuses an answer that could not be used, or would send the token over
// an open line although the API is reached over a closed one.
func (b *GatewayBot) check(api string, token secret.Secret) error {
	if err := CheckURL(b.URL, "ws", "wss"); err != nil {
		return fmt.Errorf("the API named a gateway URL that cannot be used: %s", secret.ShowURL(b.URL))
	}
	if token.In(b.URL) {
		return errors.New("the API named a gateway URL that holds the token")
	}
	if strings.HasPrefix(api, "https:") && !strings.HasPrefix(b.URL, "wss:") {
		return fmt.Errorf("the API named a gateway URL that is not encrypted: %s; if that is meant, set Config.GatewayURL", secret.ShowURL(b.URL))
	}
	if b.Shards < 1 || b.Shards > gateway.MaxShards {
		return fmt.Errorf("the API recommended %d shards", b.Shards)
	}
	return nil
}

// retryAfter returns how long an answer asks to wait, by its headers or else the body's
// retry_after (Discord: "Rate Limits").
func retryAfter(h http.Header, body []byte) time.Duration {
	if wait := RetryAfter(h, time.Now()); wait > 0 {
		return wait
	}
	var answer struct {
		RetryAfter json.Number `json:"retry_after"`
	}
	_ = json.Unmarshal(body, &answer)
	return Seconds(answer.RetryAfter.String())
}

// ResetIn returns when the identifies are reset, within what a duration can be.
func (b *GatewayBot) ResetIn() time.Duration {
	const most = math.MaxInt64 / int64(time.Millisecond)
	return time.Duration(min(max(b.Limit.ResetAfter, 0), most)) * time.Millisecond
}
