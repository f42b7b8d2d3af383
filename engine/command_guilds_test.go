package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/gateway"
)

// sounds is a loop over RequestSoundboardSounds: the guilds that came, and the
// error.
func sounds(ctx context.Context, s *Shard, guilds ...uint64) chan string {
	result := make(chan string, 1)
	go func() {
		var came []string
		for sounds, err := range s.RequestSoundboardSounds(ctx, guilds...) {
			if err != nil {
				came = append(came, err.Error())
				break
			}
			came = append(came, fmt.Sprint(sounds.GuildID, string(sounds.Sounds)))
		}
		result <- strings.Join(came, " ")
	}()
	return result
}

func (p *peer) sounds(seq, guild int, sounds string) {
	p.send(fmt.Sprintf(`{"t":"SOUNDBOARD_SOUNDS","s":%d,"op":0,"d":{"guild_id":"%d","soundboard_sounds":[%s]}}`, seq, guild, sounds))
}

// TestRequestSoundboardSounds: answers without a nonce go to who asked first; a
// RATE_LIMITED is about those that wait for the guild.
func TestRequestSoundboardSounds(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		first := sounds(context.Background(), s, 1, 2)
		p.expect(`{"op":31,"d":{"guild_ids":["1","2"]}}`)
		second := sounds(context.Background(), s, 2)
		p.expect(`{"op":31,"d":{"guild_ids":["2"]}}`)
		p.sounds(2, 2, "10")
		p.sounds(3, 2, "20")
		p.sounds(4, 2, "30") // nobody's
		p.sounds(5, 3, "40")
		if got := <-second; got != "2[20]" {
			t.Error(got)
		}
		begin := time.Now()
		p.send(`{"t":"RATE_LIMITED","s":6,"op":0,"d":{"opcode":31,"retry_after":4,"meta":{"guild_id":"2"}}}`)
		p.send(`{"t":"RATE_LIMITED","s":7,"op":0,"d":{"opcode":31,"retry_after":5,"meta":{"guild_id":"1"}}}`)
		p.expect(`{"op":31,"d":{"guild_ids":["1","2"]}}`)
		if d := time.Since(begin); d != 5*time.Second {
			t.Errorf("asked again after %v", d)
		}
		p.sounds(8, 1, "11")
		p.sounds(9, 2, "21")
		if got := <-first; got != "2[10] 1[11]" {
			t.Error(got)
		}

		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		missing := sounds(ctx, s, 1, 4)
		p.expect(`{"op":31,`)
		p.sounds(10, 1, "")
		if got := <-missing; got != "1[] engine: shard 0: Request Soundboard Sounds: 1 of 2 parts of the answer came: context deadline exceeded" {
			t.Error(got)
		}
		if got := <-sounds(context.Background(), s); !strings.Contains(got, "guild_ids is empty") {
			t.Error(got)
		}
		return p
	})
}

// TestRequestSoundboardSoundsOverALostSession: what came is not told twice, and a
// session is lost once, however long that takes.
func TestRequestSoundboardSoundsOverALostSession(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		got := sounds(context.Background(), s, 1, 2)
		p.expect(`{"op":31,`)
		defer r.On(gateway.Events(gateway.EventSessionLost), func(*Event) { time.Sleep(time.Second) })()
		p.sounds(2, 1, "10")
		p.raw(wiretest.Close(uint16(gateway.CloseSessionTimedOut), ""))
		p.away()
		p = r.net.accept(t)
		p.send(testHello)
		p.expect(`{"op":2,`)
		p.send(strings.NewReplacer("abc", "other", "wss://us-east1-b.discord.gg", "ws://resume.discord.gg").Replace(testReady))
		p.expect(`{"op":31,"d":{"guild_ids":["1","2"]}}`)
		p.sounds(2, 1, "11")
		p.sounds(3, 2, "21")
		if got := <-got; got != "1[10] 2[21]" {
			t.Error(got)
		}
		return p
	})
}

// TestRequestChannelInfo: who asks for other fields of the same guild gets the
// answer to that.
func TestRequestChannelInfo(t *testing.T) {
	withShard(t, func(r *running, s *Shard, p *peer) *peer {
		type result struct {
			info ChannelInfo
			err  error
		}
		ask := func(fields gateway.ChannelFields) chan result {
			c := make(chan result, 1)
			go func() {
				info, err := s.RequestChannelInfo(context.Background(), 1, fields)
				c <- result{info, err}
			}()
			return c
		}
		status := ask(gateway.ChannelStatus)
		p.expect(`{"op":43,"d":{"guild_id":"1","fields":["status"]}}`)
		start := ask(gateway.ChannelVoiceStartTime)
		p.expect(`{"op":43,"d":{"guild_id":"1","fields":["voice_start_time"]}}`)
		for i, channel := range []string{`{"status":"a"}`, `{"voice_start_time":1}`} {
			p.send(fmt.Sprintf(`{"t":"CHANNEL_INFO","s":%d,"op":0,"d":{"guild_id":"1","channels":[%s]}}`, i+2, channel))
		}
		if got := <-status; got.err != nil || string(got.info.Channels) != `[{"status":"a"}]` || got.info.GuildID != 1 {
			t.Errorf("%+v", got)
		}
		if got := <-start; got.err != nil || string(got.info.Channels) != `[{"voice_start_time":1}]` {
			t.Errorf("%+v", got)
		}
		var field *gateway.FieldError
		if got := <-ask(0); !errors.As(got.err, &field) || field.Field != "fields" || got.info.Data != nil {
			t.Errorf("%+v", got)
		}
		synctest.Wait()
		return p
	})
}
