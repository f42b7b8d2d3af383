package sluicedisgo

import (
	"fmt"
	"log/slog"
	"reflect"

	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/disgo/sharding"
	"github.com/gorilla/websocket"
)

// disgo exports its options, and the fields of the structs that they change, but not
// the types of these structs. A type parameter is inferred from an option all the same,
// and reflection finds the fields by name. A field that is no longer there is an error
// that names it, when the manager opens.

// botSettings are what a client was made with. The fields are named as in package bot.
type botSettings struct {
	Logger                 *slog.Logger
	EventManager           bot.EventManager
	GatewayConfigOpts      []gateway.ConfigOpt
	ShardManagerConfigOpts []sharding.ConfigOpt
	RestClientConfigOpts   []rest.ClientConfigOpt
}

// shardSettings are what options of package sharding set.
type shardSettings struct {
	ShardIDs            map[int]sharding.ShardState
	ShardCount          int
	ShardSplitCount     int
	AutoScaling         bool
	GatewayConfigOpts   []gateway.ConfigOpt
	IdentifyRateLimiter gateway.IdentifyRateLimiter
	CloseHandler        gateway.CloseHandlerFunc
}

// gatewaySettings are what options of package gateway set.
type gatewaySettings struct {
	Dialer               *websocket.Dialer
	LargeThreshold       int
	Intents              gateway.Intents
	Compression          gateway.CompressionType
	URL                  string
	ShardID              int
	ShardCount           int
	SessionID            *string
	ResumeURL            *string
	LastSequenceReceived *int
	AutoReconnect        bool
	EnableRawEvents      bool
	EnableResumeURL      bool
	IdentifyRateLimiter  gateway.IdentifyRateLimiter
	Presence             *gateway.MessageDataPresenceUpdate
	OS                   string
	Browser              string
	Device               string
	CloseHandler         gateway.CloseHandlerFunc
}

// restSettings are what options of package rest set.
type restSettings struct{ URL string }

// unset is no compression of disgo's, so that one that was chosen shows.
const unset gateway.CompressionType = "unset"

// settle applies options to a C that has the values of into, a pointer to a struct of
// settings, and takes them back.
func settle[O ~func(*C), C any](opts []O, into any) error {
	c := new(C)
	fields := reflect.ValueOf(c).Elem()
	if err := transfer(fields, reflect.ValueOf(into).Elem(), true); err != nil {
		return err
	}
	for _, opt := range opts {
		opt(c)
	}
	return transfer(fields, reflect.ValueOf(into).Elem(), false)
}

// transfer copies the fields that ours has, into theirs or out of it.
func transfer(theirs, ours reflect.Value, in bool) error {
	for i := range ours.NumField() {
		our, name := ours.Field(i), ours.Type().Field(i).Name
		their := theirs.FieldByName(name)
		if !their.IsValid() || their.Type() != our.Type() {
			return fmt.Errorf("sluicedisgo: %v of this version of disgo has no field %s of type %v: use the version that this module requires",
				theirs.Type(), name, our.Type())
		}
		if in {
			their.Set(our)
		} else {
			our.Set(their)
		}
	}
	return nil
}

// joined returns an option that shows what it was applied to.
func joined[O ~func(*C), C any](opt O, see func(config reflect.Value)) O {
	return func(c *C) {
		opt(c)
		see(reflect.ValueOf(c).Elem())
	}
}
