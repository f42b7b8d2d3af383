// Package client is what the race's clients have in common: how they are told
// what to do, how they count, and what they answer. The clients in other
// languages keep to the same rules.
//
// The environment says what to connect to:
//
//	RACE_GATEWAY_URL  wss://host:port of the gateway
//	RACE_API_URL      https://host:port/api/v10 of the REST API
//	RACE_TOKEN        the bot's token, without "Bot "
//	RACE_SHARDS       how many shards to run, all of as many
//	RACE_COMPRESS     none, payload, zlib-stream or zstd-stream
//	SSL_CERT_FILE, NODE_EXTRA_CA_CERTS  the certificate authority, as PEM
//
// Standard input has orders, one a line: "start" connects, and "count" is
// answered with one line of JSON, an [Answer]. "count" may come before "start".
// When standard input ends, a client answers once more and exits with 0,
// without a farewell to the gateway.
package client

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
)

// Answer is what a client received until now.
type Answer struct {
	Events int64   `json:"events"` // dispatches, of all shards
	Faults int64   `json:"faults"` // of these, whose sequence was not the last plus one
	Last   []int64 `json:"last"`   // the last sequence of each shard; 0: not ready yet
}

// A Bot counts the events of all shards.
type Bot struct {
	GatewayURL string
	APIURL     string
	Token      string
	Shards     int
	Compress   string

	shards []shard
}

// shard fills a cache line. Its events come one after another, so only answers
// are concurrent with them.
type shard struct {
	events atomic.Int64
	faults atomic.Int64
	last   atomic.Int64
	_      [40]byte
}

// Count counts a dispatch.
func (b *Bot) Count(shard int, seq int64) {
	s := &b.shards[shard]
	if seq != s.last.Load()+1 {
		s.faults.Add(1)
	}
	s.last.Store(seq)
	s.events.Add(1)
}

// Main obeys orders until standard input ends, and then exits. connect must
// return once all shards have been started, or block for as long as they run.
func Main(connect func(*Bot) error) {
	bot, err := newBot()
	if err != nil {
		fail(err)
	}
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		switch order := orders.Text(); order {
		case "start":
			go func() {
				if err := connect(bot); err != nil {
					fail(err)
				}
			}()
		case "count":
			bot.answer()
		default:
			fail(fmt.Errorf("unknown order %q", order))
		}
	}
	bot.answer()
	os.Exit(0)
}

func newBot() (*Bot, error) {
	shards, err := strconv.Atoi(os.Getenv("RACE_SHARDS"))
	if err != nil || shards < 1 {
		return nil, fmt.Errorf("RACE_SHARDS is %q: want a number of shards", os.Getenv("RACE_SHARDS"))
	}
	return &Bot{
		GatewayURL: os.Getenv("RACE_GATEWAY_URL"),
		APIURL:     os.Getenv("RACE_API_URL"),
		Token:      os.Getenv("RACE_TOKEN"),
		Compress:   os.Getenv("RACE_COMPRESS"),
		Shards:     shards,
		shards:     make([]shard, shards),
	}, nil
}

func (b *Bot) answer() {
	a := Answer{Last: make([]int64, b.Shards)}
	for i := range b.shards {
		s := &b.shards[i]
		a.Last[i] = s.last.Load()
		a.Events += s.events.Load()
		a.Faults += s.faults.Load()
	}
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Each opens the shards, at most 64 of them at a time: a library without an
// opening order of its own gets the quickest one that spares the gateway a storm.
func (b *Bot) Each(open func(shard int) error) error {
	slots := make(chan struct{}, 64)
	errs := make(chan error, b.Shards)
	for id := range b.Shards {
		slots <- struct{}{}
		go func() {
			errs <- open(id)
			<-slots
		}()
	}
	for range b.Shards {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}
