package compare_test

import (
	"context"
	"log/slog"
	"os"

	"github.com/bwmarrin/discordgo"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson/decode"
)

// A bot that keeps discordgo's types, REST client and state, on an engine.
func Example_discordgo() {
	token := os.Getenv("DISCORD_TOKEN")
	s, err := discordgo.New("Bot " + token) // for REST and s.State; s.Open is not called
	if err != nil {
		slog.Error("no session", "err", err)
		return
	}
	eng, err := engine.New(engine.Config{
		Token:   engine.NewToken(token),
		Intents: gateway.IntentGuilds | gateway.IntentGuildMessages | gateway.IntentMessageContent,
	})
	if err != nil {
		slog.Error("no engine", "err", err)
		return
	}
	eng.On(gateway.Events(gateway.EventReady, gateway.EventGuildCreate), engine.Async(func(ev *engine.Event) {
		switch ev.Type {
		case gateway.EventReady:
			feed(s, ev, new(discordgo.Ready), nil)
		case gateway.EventGuildCreate:
			feed(s, ev, new(discordgo.GuildCreate), nil)
		}
	}, engine.AsyncOptions{}))
	eng.On(gateway.Events(gateway.EventMessageCreate), engine.Async(func(ev *engine.Event) {
		feed(s, ev, new(discordgo.MessageCreate), onMessage)
	}, engine.AsyncOptions{}))
	if err := eng.Run(context.Background()); err != nil {
		slog.Error("the engine ended", "err", err)
	}
}

// feed decodes an event, brings the state up to date, and calls a handler.
func feed[T any](s *discordgo.Session, ev *engine.Event, v *T, handle func(*discordgo.Session, *T)) {
	if err := decode.Into(ev.Data, v); err != nil {
		slog.Error("an event cannot be decoded", "event", ev.Name(), "err", err)
		return
	}
	_ = s.State.OnInterface(s, v)
	if handle != nil {
		handle(s, v)
	}
}

// onMessage is a handler as discordgo has them.
func onMessage(s *discordgo.Session, m *discordgo.MessageCreate) {
	if m.Content == "ping" {
		_, _ = s.ChannelMessageSend(m.ChannelID, "pong")
	}
}
