package engine_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/internal/traffic"
	"github.com/sluice-go/sluice/lazyjson"
)

// These tests send commands to a real gateway, over both drivers.

// within returns a context that no test should outlive.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// collect takes all members of a request, by their ids.
func collect(t *testing.T, chunks func(yield func(engine.MembersChunk, error) bool)) (ids []uint64, last engine.MembersChunk, failed error) {
	t.Helper()
	for chunk, err := range chunks {
		if err != nil {
			return ids, last, err
		}
		if chunk.Attempt != last.Attempt {
			ids = nil
		}
		for member := range lazyjson.ValueOf(chunk.Members).Elements() {
			id, err := member.Get("user", "id").Snowflake()
			if err != nil {
				t.Errorf("chunk %d: %v", chunk.Index, err)
			}
			ids = append(ids, id)
		}
		last = chunk
	}
	slices.Sort(ids)
	return slices.Compact(ids), last, nil
}

// TestMembersThroughFaults: all 2500 members of a guild, in three chunks, whatever
// happens between these.
func TestMembersThroughFaults(t *testing.T) {
	for _, fault := range []string{
		"event 2: drop", "event 2: tear", "event 3: reset", "event 2: reconnect", "event 2: close 4000",
		"event 3: invalid-session true", "event 2: corrupt", "event 2: repeat", "event 1: skip 2",
		`event 2: send {"op":10,"t":null,"s":null,"d":{"heartbeat_interval":500}}` + "\nevent 2: hang", // which a heartbeat finds out
		"event 2: drop\nresume 2: drop\nreplay: tear",
	} {
		t.Run(fault, func(t *testing.T) {
			bothDrivers(t, func(t *testing.T, driver engine.Driver) {
				if strings.Contains(fault, "hang") && testing.Short() {
					t.Skip("waits for heartbeats")
				}
				_, c := commanded(t, driver, fault)
				ids, last, err := collect(t, c.RequestMembers(within(t), &gateway.MembersRequest{GuildID: c.guilds[0]}))
				if err != nil || len(ids) != 2500 || last.Count != 3 || last.Attempt != 0 {
					t.Errorf("%d members, %d chunks, attempt %d, %v", len(ids), last.Count, last.Attempt, err)
				}
				c.end(t)
			})
		})
	}
}

// What the guilds of commanded have.
const (
	guildBytes   = 2000
	guildMembers = 2500
)

// memberIDs returns the ids of n members of a guild of commanded's, in order.
func memberIDs(t *testing.T, guild uint64, n int) (ids []uint64) {
	t.Helper()
	for member := range traffic.NewMaker(1, 0, guildMembers).Guild(guild, guildBytes).Members() {
		id, err := strconv.ParseUint(member.ID(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, id); len(ids) == n {
			break
		}
	}
	slices.Sort(ids)
	return ids
}

// commanded starts a gateway with two guilds whose faults are a script, and an
// engine that has had the guilds.
func commanded(t *testing.T, driver engine.Driver, script string) (*gatewaytest.Server, *client) {
	t.Parallel()
	srv := gatewaytest.NewServer(t, gatewaytest.WithGuilds(2, guildBytes), gatewaytest.WithMembers(guildMembers), gatewaytest.WithIdentifyInterval(0),
		gatewaytest.WithScript(strings.NewReader(script)))
	c := connect(t, srv, func(config *engine.Config) { config.Driver = driver })
	c.wait(t, "GUILD_CREATE", func() bool { return c.names["GUILD_CREATE"] == 2 })
	return srv, c
}

// TestMembersOverALostSession: asked again, in the new session.
func TestMembersOverALostSession(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		_, c := commanded(t, driver, "event 1: close 4009")
		request := gateway.MembersRequest{GuildID: c.guilds[0], Query: "shadow", Presences: true}
		ids, last, err := collect(t, c.RequestMembers(within(t), &request))
		if err != nil || len(ids) != 100 {
			t.Errorf("%d members, attempt %d, %v", len(ids), last.Attempt, err)
		}
		c.end(t)
	})
}

// TestAnswers: what else can be asked.
func TestAnswers(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv, c := commanded(t, driver, "event 2: drop")
		ctx := within(t)
		s, ok := c.ShardOf(c.guilds[1])
		if !ok || s.ID() != 0 {
			t.Fatalf("shard %v", s)
		}
		ids, last, err := collect(t, s.RequestMembers(ctx, &gateway.MembersRequest{GuildID: c.guilds[0], UserIDs: append(memberIDs(t, c.guilds[0], 1), 9999)}))
		if err != nil || !slices.Equal(ids, memberIDs(t, c.guilds[0], 1)) || last.Count != 1 || last.GuildID != c.guilds[0] {
			t.Errorf("%v, %+v, %v", ids, last, err)
		}
		var guilds []uint64
		for sounds, err := range s.RequestSoundboardSounds(ctx, c.guilds...) {
			if err != nil || !strings.HasPrefix(string(sounds.Sounds), `[{`) || !strings.Contains(string(sounds.Sounds), `"sound_id":"`) || !strings.HasPrefix(string(sounds.Data), "{") {
				t.Fatalf("%+v, %v", sounds, err)
			}
			guilds = append(guilds, sounds.GuildID)
		}
		if slices.Sort(guilds); !slices.Equal(guilds, slices.Sorted(slices.Values(c.guilds))) {
			t.Errorf("sounds of %v", guilds)
		}
		info, err := c.RequestChannelInfo(ctx, c.guilds[1], gateway.ChannelStatus)
		if err != nil || info.GuildID != c.guilds[1] || !strings.HasPrefix(string(info.Channels), `[{"id":"`) || !strings.HasSuffix(string(info.Channels), `","status":null}]`) || len(info.Data) == 0 {
			t.Errorf("%+v, %v", info, err)
		}
		if err := c.UpdateVoiceState(ctx, &gateway.VoiceState{GuildID: c.guilds[0], ChannelID: 2}); err != nil {
			t.Error(err)
		}
		c.wait(t, "VOICE_SERVER_UPDATE", func() bool { return c.names["VOICE_SERVER_UPDATE"] == 1 })
		if err := c.UpdatePresence(ctx, &gateway.Presence{Status: gateway.StatusIdle}); err != nil {
			t.Error(err)
		}
		// What is answered behind it says that the presence has come.
		if _, err := c.RequestChannelInfo(ctx, c.guilds[0], gateway.ChannelVoiceStartTime); err != nil {
			t.Error(err)
		}
		// The presence goes with the identify of the next session.
		srv.CloseWith(0, gateway.CloseSessionTimedOut, "")
		c.wait(t, "READY", func() bool { return c.names["READY"] == 2 })
		sent := srv.Received(0)
		if i := slices.IndexFunc(sent, func(p []byte) bool { return strings.HasPrefix(string(p), `{"op":3,`) }); i < 0 {
			t.Error("no presence came")
		} else if !slices.ContainsFunc(sent[i:], func(p []byte) bool {
			return strings.HasPrefix(string(p), `{"op":2,`) && strings.Contains(string(p), `"status":"idle"`)
		}) {
			t.Error("no identify came with the presence")
		}
		c.end(t)
	})
}

// TestNoShard: a guild that is none of the engine's.
func TestNoShard(t *testing.T) {
	t.Parallel()
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv := gatewaytest.NewServer(t)
		c := connect(t, srv, func(config *engine.Config) { config.Driver, config.Shards = driver, engine.ShardRange(1, 2, 4) })
		c.wait(t, "READY", func() bool { return c.names["READY"] > 0 })
		for shard := range uint64(4) {
			s, ok := c.ShardOf(shard << 22)
			if want := shard == 1 || shard == 2; ok != want || ok && s.ID() != int(shard) {
				t.Errorf("guild of shard %d: %v, %v", shard, s, ok)
			}
		}
		_, _, asked := collect(t, c.RequestMembers(within(t), &gateway.MembersRequest{GuildID: 1}))
		_, info := c.RequestChannelInfo(within(t), 1, gateway.ChannelStatus)
		for _, err := range []error{asked, info, c.UpdateVoiceState(within(t), &gateway.VoiceState{GuildID: 1})} {
			if !errors.Is(err, engine.ErrNoShard) || !strings.HasSuffix(err.Error(), " not sent: the guild is on a shard that this engine does not run") {
				t.Error(err)
			}
		}
		c.end(t)
	})
}

// TestPain15_FloodOfCommands: as many as there are permits go at once, the next
// waits, and the gateway has nothing to complain about.
func TestPain15_FloodOfCommands(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv, c := commanded(t, driver, "")
		s, _ := c.ShardOf(c.guilds[0])
		var all sync.WaitGroup
		for _, id := range memberIDs(t, c.guilds[0], 115) {
			all.Go(func() {
				ids, _, err := collect(t, s.RequestMembers(within(t), &gateway.MembersRequest{GuildID: c.guilds[0], UserIDs: []uint64{id}}))
				if err != nil || !slices.Equal(ids, []uint64{id}) {
					t.Errorf("%v, %v", ids, err)
				}
			})
		}
		all.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var failed *engine.SendError
		_, _, err := collect(t, s.RequestMembers(ctx, &gateway.MembersRequest{GuildID: c.guilds[0], Query: "a"}))
		if !errors.As(err, &failed) || failed.Unknown || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		srv.RequestHeartbeat(0)
		c.end(t)
		if r := srv.Report(); r.Connections != 1 {
			t.Errorf("%d connections", r.Connections)
		}
	})
}

// TestPain25_RateLimited: what another process has asked for is not known here;
// the gateway says so, and the error when to come again.
func TestPain25_RateLimited(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		_, c := commanded(t, driver, "")
		s, _ := c.ShardOf(c.guilds[0])
		other, err := gateway.AppendRequestGuildMembers(nil, &gateway.MembersRequest{GuildID: c.guilds[0]})
		if err == nil {
			err = s.Send(within(t), other)
		}
		if err != nil {
			t.Fatal(err)
		}
		c.wait(t, "chunks", func() bool { return c.names["GUILD_MEMBERS_CHUNK"] == 3 })
		const soon = 10 * time.Second // for the answer, and long before the guild may be asked about again
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		var limited *engine.RateLimitedError
		_, _, err = collect(t, s.RequestMembers(ctx, &gateway.MembersRequest{GuildID: c.guilds[0]}))
		if !errors.As(err, &limited) || limited.GuildID != c.guilds[0] || limited.RetryAfter < soon || limited.RetryAfter > 30*time.Second {
			t.Error(err)
		}
		c.end(t)
	})
}

// TestAnswersInCallbacks are refused on a loop, and come away from it.
func TestAnswersInCallbacks(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv, c := commanded(t, driver, "")
		ctx := within(t)
		results := make(chan error, 2)
		ask := func(ev *engine.Event) {
			_, err := ev.Shard.RequestChannelInfo(ctx, c.guilds[0], gateway.ChannelStatus)
			results <- err
		}
		remove := c.On(gateway.Events(gateway.EventUserUpdate), ask)
		srv.Dispatch(0, "USER_UPDATE", nil)
		if err := <-results; !errors.Is(err, engine.ErrInCallback) {
			t.Error(err)
		}
		remove()
		c.On(gateway.Events(gateway.EventUserUpdate), engine.Async(ask, engine.AsyncOptions{}))
		srv.Dispatch(0, "USER_UPDATE", nil)
		if err := <-results; err != nil {
			t.Error(err)
		}
		c.end(t)
	})
}

// TestEverythingSentIsTold: identifies, resumes, heartbeats and commands, with asterisks for the token, and how long
// the frames were that brought something.
func TestEverythingSentIsTold(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		t.Parallel()
		srv := gatewaytest.NewServer(t, gatewaytest.WithGuilds(2, guildBytes), gatewaytest.WithIdentifyInterval(0),
			gatewaytest.WithHeartbeatInterval(time.Second))
		var mu sync.Mutex
		var sent []string
		wire, beats := 0, make(chan struct{}, 100)
		c := connect(t, srv, func(config *engine.Config) { config.Driver = driver }, func(e *engine.Engine) {
			e.On(gateway.AllDispatches().Union(gateway.Events(gateway.EventPayloadSent, gateway.EventHello)), func(ev *engine.Event) {
				mu.Lock()
				defer mu.Unlock()
				if ev.Type != gateway.EventPayloadSent {
					if ev.Wire <= 0 {
						t.Errorf("%s came in %d bytes", ev.Name(), ev.Wire)
					}
					wire += ev.Wire
					return
				}
				if strings.Contains(string(ev.Payload), srv.Token()) {
					t.Errorf("the token is told: %s", ev.Payload)
				}
				if sent = append(sent, string(ev.Payload)); strings.HasPrefix(string(ev.Payload), `{"op":1,`) {
					beats <- struct{}{}
				}
			})
		})
		c.wait(t, "GUILD_CREATE", func() bool { return c.names["GUILD_CREATE"] == 2 })
		if err := c.UpdatePresence(within(t), &gateway.Presence{Status: gateway.StatusIdle}); err != nil {
			t.Error(err)
		}
		<-beats
		<-beats
		srv.Drop(0)
		c.wait(t, "RESUMED", func() bool { return c.names["RESUMED"] == 1 })
		c.end(t)
		mu.Lock()
		defer mu.Unlock()
		var came []string
		for _, p := range srv.Received(0) {
			came = append(came, strings.ReplaceAll(string(p), srv.Token(), strings.Repeat("*", len(srv.Token()))))
		}
		// The gateway's list leaves out heartbeats ahead of an identify or a resume.
		sent, came = withoutEarlyBeats(sent), withoutEarlyBeats(came)
		// What came last may have been told when the loop had ended.
		if len(came) < 3 || len(sent) > len(came) || len(sent) < len(came)-1 || !slices.Equal(sent, came[:len(sent)]) {
			t.Errorf("told:\n%s\ncame:\n%s", strings.Join(sent, "\n"), strings.Join(came, "\n"))
		}
		if stats := c.Stats(); wire > int(stats.BytesWire) || wire < int(stats.BytesWire)*9/10 {
			t.Errorf("payloads came in %d bytes of %d", wire, stats.BytesWire)
		}
	})
}

// withoutEarlyBeats leaves out the heartbeats that stand before an identify or a resume.
func withoutEarlyBeats(payloads []string) (rest []string) {
	for _, p := range payloads {
		if strings.HasPrefix(p, `{"op":2,`) || strings.HasPrefix(p, `{"op":6,`) {
			for len(rest) > 0 && strings.HasPrefix(rest[len(rest)-1], `{"op":1,`) {
				rest = rest[:len(rest)-1]
			}
		}
		rest = append(rest, p)
	}
	return rest
}
