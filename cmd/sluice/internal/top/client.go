// Package top shows a running engine in a terminal: the shards with what they do, sorted by
// what the user wants to know. It reads what package engine/monitor serves.
package top

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client asks a monitor.
type Client struct {
	base *url.URL
	http *http.Client
}

// maxAnswer bounds an answer: a list of 100,000 shards has less.
const maxAnswer = 64 << 20

// NewClient returns a client of the monitor at an address such as http://127.0.0.1:9600.
func NewClient(address string) (*Client, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("%q is no address of a page; want one such as http://127.0.0.1:9600", address)
	}
	return &Client{base: base, http: &http.Client{Timeout: 10 * time.Second}}, nil
}

// Engine is what top shows of the whole engine.
type Engine struct {
	Title  string         `json:"title"`
	Shards int            `json:"shards"`
	Ready  int            `json:"ready"`
	States map[string]int `json:"states"`
	Memory uint64         `json:"memory_bytes"`
	Rates  struct {
		Events     float64 `json:"events"`
		Wire       float64 `json:"bytes_wire"`
		JSON       float64 `json:"bytes_json"`
		Reconnects float64 `json:"reconnects"`
		Callbacks  float64 `json:"in_callbacks"`
		Latency50  float64 `json:"latency_p50_s"`
		Latency99  float64 `json:"latency_p99_s"`
	} `json:"rates"`
	Totals struct {
		Reconnects   uint64 `json:"reconnects"`
		Missing      uint64 `json:"missing"`
		SessionsLost uint64 `json:"sessions_lost"`
	} `json:"totals"`
	Budget struct {
		Total     int       `json:"total"`
		Remaining int       `json:"remaining"`
		ResetAt   time.Time `json:"reset_at"`
	} `json:"budget"`
}

// Shard is what top shows of a shard.
type Shard struct {
	ID          int           `json:"id"`
	Total       int           `json:"total"`
	State       string        `json:"state"`
	Events      uint64        `json:"events"`
	BytesWire   uint64        `json:"bytes_wire"`
	Latency     time.Duration `json:"latency_ns"`
	InCallbacks time.Duration `json:"in_callbacks_ns"`
	Reconnects  uint64        `json:"reconnects"`
	Queued      int           `json:"queued"`
	Stalled     bool          `json:"stalled"`
}

// Snapshot is an engine at one moment.
type Snapshot struct {
	At     time.Time
	Engine Engine
	Shards []Shard
}

// Look asks how the engine stands.
func (c *Client) Look(ctx context.Context) (*Snapshot, error) {
	var s Snapshot
	if err := c.get(ctx, "api/v1/engine", &s.Engine); err != nil {
		return nil, err
	}
	var list struct {
		At     time.Time `json:"at"`
		Shards []Shard   `json:"shards"`
	}
	if err := c.get(ctx, "api/v1/shards", &list); err != nil {
		return nil, err
	}
	s.At, s.Shards = list.At, list.Shards
	return &s, nil
}

func (c *Client) get(ctx context.Context, path string, v any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base.JoinPath(path).String(), nil)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return fmt.Errorf("cannot reach %s: %w; is the bot running with --http?", c.base.Host, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s to /%s; is it a bot of this version?", c.base.Host, answer.Status, path)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(v); err != nil {
		return fmt.Errorf("%s answers what is no bot's: %w", c.base.Host, err)
	}
	return nil
}
