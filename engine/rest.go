package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

const (
	// maxAnswer is how much of an answer of the API is read.
	maxAnswer = 1 << 20

	restTimeout = 15 * time.Second
)

// gatewayBot is what Get Gateway Bot answers (Discord: "Get Gateway Bot").
type gatewayBot struct {
	URL    string `json:"url"`
	Shards int    `json:"shards"`
	Limit  struct {
		Total          int   `json:"total"`
		Remaining      int   `json:"remaining"`
		ResetAfter     int64 `json:"reset_after"` // ms
		MaxConcurrency int   `json:"max_concurrency"`
	} `json:"session_start_limit"`
}

// restClient asks the REST API.
type restClient struct {
	base  string
	token Token
	http  *http.Client
}

func newRESTClient(config *Config, dialer *transport.Dialer) *restClient {
	base := config.APIURL
	if base == "" {
		base = defaultAPIURL
	}
	return &restClient{
		base:  strings.TrimRight(base, "/"),
		token: config.Token,
		http: &http.Client{
			Timeout: restTimeout,
			Transport: &http.Transport{
				DialContext:            dialer.DialContext,
				Proxy:                  dialer.ForTransport,
				OnProxyConnectResponse: transport.OnConnect,
				TLSClientConfig:        config.TLS.Clone(),
				ForceAttemptHTTP2:      true,
				DisableKeepAlives:      true, // one request in hours
				MaxResponseHeaderBytes: 64 << 10,
			},
			// A redirect would take the token to another place.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// gatewayBot asks once. The error is an *APIError for an answer that is no
// success, and never holds the token.
func (c *restClient) gatewayBot(ctx context.Context) (*gatewayBot, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/gateway/bot", nil)
	if err != nil {
		return nil, errors.New("the API URL cannot be used")
	}
	req.Header.Set("Authorization", "Bot "+c.token.secret().Reveal())
	req.Header.Set("User-Agent", "DiscordBot ("+projectURL+", "+Version+")")
	resp, err := c.do(req)
	if err != nil {
		return nil, fmt.Errorf("cannot ask the API for the gateway: %w%s", err, tlsRemedy(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode != http.StatusOK {
		return nil, &APIError{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header, body)}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the API's answer: %w", err)
	}
	bot := &gatewayBot{}
	if err := json.Unmarshal(body, bot); err != nil {
		return nil, fmt.Errorf("the API's answer is not what Get Gateway Bot answers: %w; check the API URL", err)
	}
	if err := bot.check(c.base, c.token); err != nil {
		return nil, err
	}
	return bot, nil
}

// do sends a request. An error names the address or the proxy, and does not quote the URL.
func (c *restClient) do(req *http.Request) (*http.Response, error) {
	var trace transport.Trace
	resp, err := c.http.Do(req.WithContext(transport.WithTrace(req.Context(), &trace)))
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
func (b *gatewayBot) check(api string, token Token) error {
	if err := checkURL(b.URL, "ws", "wss"); err != nil {
		return fmt.Errorf("the API named a gateway URL that cannot be used: %s", secret.ShowURL(b.URL))
	}
	if token.secret().In(b.URL) {
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
	if wait := transport.RetryAfter(h, time.Now()); wait > 0 {
		return wait
	}
	var answer struct {
		RetryAfter json.Number `json:"retry_after"`
	}
	_ = json.Unmarshal(body, &answer)
	return transport.Seconds(answer.RetryAfter.String())
}

// discover asks until there is an answer, within ctx and Config.Retries.
func (e *Engine) discover(ctx context.Context) (*gatewayBot, error) {
	for failures := 1; ; failures++ {
		bot, err := e.rest.gatewayBot(ctx)
		err = e.config.Token.secret().RedactError(err)
		switch {
		case err == nil:
			return bot, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, lifecycle.ErrAuthentication):
			return nil, err
		case e.config.Retries > 0 && failures > e.config.Retries:
			return nil, fmt.Errorf("%w: %w", lifecycle.ErrRetries, err)
		}
		wait := core.Backoff(failures, e.random())
		if api := (*APIError)(nil); errors.As(err, &api) {
			wait = max(wait, api.RetryAfter)
		}
		e.config.Logger.Warn("cannot learn the gateway's URL; trying again",
			"cause", err, "failures", failures, "in", wait.Round(time.Millisecond))
		if err := await(ctx, nil, wait); err != nil {
			return nil, err
		}
	}
}

// milliseconds returns a duration that an answer gives as a number, within what a
// duration can be.
func milliseconds(n int64) time.Duration {
	const most = math.MaxInt64 / int64(time.Millisecond)
	return time.Duration(min(max(n, 0), most)) * time.Millisecond
}
