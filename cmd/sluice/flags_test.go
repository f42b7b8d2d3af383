package main

import (
	"log/slog"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/internal/flags"
)

func TestShardsFlag(t *testing.T) {
	tests := []struct {
		text, shown string
		want        engine.Shards
	}{
		{"0", "recommended", engine.Shards{}},
		{"16", "16", engine.Shards{Total: 16}},
		{"0-7/16", "0-7/16", engine.ShardRange(0, 7, 16)},
		{"8-15/16", "8-15/16", engine.ShardRange(8, 15, 16)},
		{"3/16", "3-3/16", engine.ShardRange(3, 3, 16)},
		{"0/16", "0-0/16", engine.ShardRange(0, 0, 16)},
		{"0-0/1", "0-0/1", engine.ShardRange(0, 0, 1)},
	}
	for _, tt := range tests {
		var f shardsFlag
		if err := f.Set(tt.text); err != nil || f.Shards != tt.want {
			t.Errorf("%q: %+v, %v", tt.text, f.Shards, err)
		}
		if f.String() != tt.shown {
			t.Errorf("%q is shown as %q, want %q", tt.text, f.String(), tt.shown)
		}
	}
	for _, bad := range []string{"", "x", "-1", "/", "1/", "/1", "4/4", "1-/4", "-1/4", "2-1/4", "0-4/4", "0-1-2/4", "0/0", "1 2", "0x1"} {
		f := shardsFlag{engine.Shards{Total: 7}}
		if err := f.Set(bad); err == nil {
			t.Errorf("%q was taken as %+v", bad, f.Shards)
		}
		if f.Total != 7 {
			t.Errorf("%q was refused, but left %+v", bad, f.Shards)
		}
	}
}

func TestRateFlag(t *testing.T) {
	for text, want := range map[string]rateFlag{"0": 0, "0.5": 0.5, "200": 200, "1e6": 1e6, "max": gatewaytest.Saturated} {
		var f rateFlag
		if err := f.Set(text); err != nil || f != want {
			t.Errorf("%q: %v, %v", text, float64(f), err)
		}
		var again rateFlag
		if err := again.Set(f.String()); err != nil || again != f {
			t.Errorf("%q is shown as %q, which is read as %v, %v", text, f.String(), float64(again), err)
		}
	}
	for _, bad := range []string{"", "-1", "fast", "NaN", "Inf", "1e7", "200/s"} {
		var f rateFlag
		if f.Set(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestListFlags(t *testing.T) {
	var intents flags.Intents
	if err := intents.Set("GUILDS, GUILD_MESSAGES"); err != nil || intents.Intents != gateway.IntentGuilds|gateway.IntentGuildMessages {
		t.Errorf("intents: %v, %v", intents.Intents, err)
	}
	if err := intents.Set("513"); err != nil || intents.Intents != gateway.IntentGuilds|gateway.IntentGuildMessages {
		t.Errorf("intents as a number: %v, %v", intents.Intents, err)
	}
	var events eventsFlag
	for text, want := range map[string]gateway.EventSet{
		"all":                         gateway.AllDispatches(),
		"none":                        {},
		"MESSAGE_CREATE":              gateway.Events(gateway.EventMessageCreate),
		"READY,RESUMED,UNKNOWN":       gateway.Events(gateway.EventReady, gateway.EventResumed, gateway.EventUnknown),
		" GUILD_CREATE , USER_UPDATE": gateway.Events(gateway.EventGuildCreate, gateway.EventUserUpdate),
	} {
		if err := events.Set(text); err != nil || events.EventSet != want {
			t.Errorf("events %q: %v, %v", text, events.EventSet, err)
		}
	}
	// Only dispatches have a payload to write.
	for e := range gateway.EventType(255) {
		if name := e.String(); !e.IsDispatch() && e != gateway.EventUnknown && events.Set(name) == nil {
			t.Errorf("events %q were taken", name)
		}
	}
}

func TestScalarFlags(t *testing.T) {
	var level flags.Level
	for text, want := range map[string]slog.Level{"debug": slog.LevelDebug, "INFO": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError} {
		if err := level.Set(text); err != nil || level.Level != want {
			t.Errorf("level %q: %v, %v", text, level.Level, err)
		}
	}
	if level.Set("info+2") == nil || level.Set("") == nil {
		t.Error("a level without a name was taken")
	}
}
