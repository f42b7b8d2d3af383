package engine

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// api has an engine ask the API of a restServer, over the same Dial as its
// gateway's connections.
func api(t *testing.T, retries int, answers ...string) (*running, *restServer) {
	server := &restServer{answers: answers}
	r := prepare(t, func(c *Config) {
		c.GatewayURL, c.APIURL, c.Shards, c.Retries = "", "http://api.discord.test/api/v10/", Shards{}, retries
		gateway := c.Dial
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasPrefix(address, "api.discord.test") {
				return server.dial(ctx, network, address)
			}
			return gateway(ctx, network, address)
		}
	})
	return r, server
}

func TestDiscover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, server := api(t, 0, gatewayBotAnswer("ws://gw.test", 3, 3))
		r.run()
		var peers []*peer
		for range 3 {
			p := r.net.accept(t)
			if got := <-r.net.dials; got != "gw.test:80" {
				t.Errorf("dialled %s", got)
			}
			peers = append(peers, p)
			p.send(testHello)
		}
		begin := time.Now()
		for _, p := range peers { // max_concurrency 3: all at once
			if got := p.expect(`{"op":2,`); !strings.Contains(got, ",3]") {
				t.Errorf("identify %s", got)
			}
		}
		if d := time.Since(begin); d != 0 {
			t.Errorf("identifies took %v", d)
		}
		request := server.requests[0]
		for _, want := range []string{
			"GET /api/v10/gateway/bot HTTP/1.1\r\n", "Authorization: Bot " + testToken + "\r\n", "User-Agent: DiscordBot (https://",
		} {
			if !strings.Contains(request, want) {
				t.Errorf("request without %q:\n%s", want, request)
			}
		}
		r.end(peers...)
	})
}

// TestRESTErrors are told apart, and tried again with backoff.
func TestRESTErrors(t *testing.T) {
	tests := []struct {
		name, answer, cause string
		wait                time.Duration // at least, before the second request
	}{
		{"403", httpAnswer(403, "", ""), "403: the request is refused", 0},
		{"404", httpAnswer(404, "", ""), "404: there is no such endpoint", 0},
		{"418", httpAnswer(418, "", ""), "418: check the API URL", 0},
		{"429", httpAnswer(429, "Retry-After: 17\r\n", ""), "429: too many requests; it asks to wait 17s", 17 * time.Second},
		{"429, body", httpAnswer(429, "", `{"retry_after":6.5}`), "429: too many requests; it asks to wait 6.5s", 6500 * time.Millisecond},
		{"429, nothing", httpAnswer(429, "", ``), "429: too many requests", 0},
		{"429, a year", httpAnswer(429, "Retry-After: 31536000\r\n", ``), "429: too many requests; it asks to wait 1h0m0s", time.Hour},
		{"429, a date", httpAnswer(429, "Retry-After: Sat, 01 Jan 2000 00:00:40 GMT\r\n", ``), "429: too many requests", 40 * time.Second},
		{"429, a date that has passed", httpAnswer(429, "Retry-After: Fri, 31 Dec 1999 00:00:40 GMT\r\n", ``), "429: too many requests", 0},
		{"429, reset", httpAnswer(429, "X-RateLimit-Reset-After: 2.5\r\n", ``), "429: too many requests; it asks to wait 2.5s", 2500 * time.Millisecond},
		{"503, later", httpAnswer(503, "Retry-After: 30\r\n", ``), "503: the API is not available; it asks to wait 30s", 30 * time.Second},
		{"500", httpAnswer(500, "", ""), "500: the API is not available", 0},
		{"502", httpAnswer(502, "", "<html>"), "502: the API is not available", 0},
		{"302", httpAnswer(302, "Location: http://evil.test/\r\n", ""), "302: redirects are not followed", 0},
		{"malformed", httpAnswer(200, "", `{"url":`), "is not what Get Gateway Bot answers", 0},
		{"HTML", httpAnswer(200, "", `<html>`), "is not what Get Gateway Bot answers", 0},
		{"no URL", httpAnswer(200, "", `{}`), "gateway URL that cannot be used", 0},
		{"other URL", gatewayBotAnswer("https://gw.test", 1, 1), "gateway URL that cannot be used", 0},
		{"no shards", gatewayBotAnswer("wss://gw.test", 0, 1), "recommended 0 shards", 0},
		{"endless shards", gatewayBotAnswer("wss://gw.test", 1<<30, 1), "shards", 0},
		{"echo", gatewayBotAnswer("x://"+testToken, 1, 1), "gateway URL that cannot be used", 0},
		{"endless body", "HTTP/1.1 200 OK\r\n\r\n" + `{"url":"…`, "is not what Get Gateway Bot answers", 0},
		{"endless header", "HTTP/1.1 200 OK\r\nX: …", "cannot ask the API", 0},
		{"no HTTP", "SSH-2.0\r\n\r\n", "cannot ask the API", 0},
		{"end", "", "cannot ask the API", 0},
		{"silence", "silence", "cannot ask the API", 15 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, server := api(t, 1, test.answer)
				begin := time.Now()
				r.run()
				err := <-r.result
				if !errors.Is(err, lifecycle.ErrRetries) || !strings.Contains(err.Error(), test.cause) {
					t.Errorf("Run returned %v, want %s", err, test.cause)
				}
				if server.count() != 2 {
					t.Errorf("%d requests, want 2", server.count())
				}
				d := time.Since(begin)
				if test.name == "silence" {
					d /= 2 // both requests wait
				}
				if d < test.wait || d > max(test.wait, time.Second)+2*time.Second {
					t.Errorf("took %v, want %v", d, test.wait)
				}
				if !strings.Contains(r.logs.String(), test.cause) && !strings.Contains(r.logs.String(), strings.ReplaceAll(test.cause, `"`, `\"`)) {
					t.Errorf("log without the cause:\n%s", r.logs.String())
				}
				if strings.Contains(err.Error()+r.logs.String(), testToken) {
					t.Errorf("the token is told: %v\n%s", err, r.logs.String())
				}
				for len(r.net.dials) > 0 {
					t.Errorf("dialled %s", <-r.net.dials)
				}
				synctest.Wait()
			})
		})
	}
}

// TestUnauthorized is never tried again.
func TestUnauthorized(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, server := api(t, 0, httpAnswer(401, "", `{"message":"401: Unauthorized `+testToken+`"}`))
		r.run()
		err := <-r.result
		var answer *APIError
		if !errors.Is(err, lifecycle.ErrAuthentication) || !errors.As(err, &answer) || answer.Status != 401 || !strings.Contains(err.Error(), "portal") {
			t.Errorf("Run returned %v", err)
		}
		if server.count() != 1 {
			t.Errorf("%d requests", server.count())
		}
	})
}

// TestUnreachableAPI is tried again until the context ends.
func TestUnreachableAPI(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Config) {
			c.GatewayURL = ""
			c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errReset }
		}).run()
		time.Sleep(10 * time.Minute)
		r.stop()
		if err := <-r.result; err != nil {
			t.Errorf("Run returned %v", err)
		}
		if n := strings.Count(r.logs.String(), "connection reset"); n < 10 || n > 100 {
			t.Errorf("%d attempts in ten minutes", n)
		}
	})
}
