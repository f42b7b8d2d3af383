// A discordgo bot that says what it sees.
package main

import (
	"fmt"

	"github.com/bwmarrin/discordgo"

	"github.com/sluice-go/sluice/gatewaytest/clients/programs/go/protocol"
)

func main() {
	discordgo.EndpointAPI = protocol.API + "/"
	discordgo.EndpointGateway = discordgo.EndpointAPI + "gateway"
	discordgo.EndpointGatewayBot = discordgo.EndpointGateway + "/bot"
	discordgo.EndpointChannels = discordgo.EndpointAPI + "channels/"
	discordgo.EndpointGuilds = discordgo.EndpointAPI + "guilds/"
	discordgo.EndpointUsers = discordgo.EndpointAPI + "users/"
	discordgo.Logger = func(level, _ int, format string, a ...any) {
		if level == discordgo.LogError {
			protocol.Log("error", fmt.Sprintf(format, a...))
		} else if level == discordgo.LogWarning {
			protocol.Log("warning", fmt.Sprintf(format, a...))
		}
	}
	s, err := discordgo.New("Bot " + protocol.Token)
	if err != nil {
		protocol.Log("error", err.Error())
		return
	}
	s.LogLevel = discordgo.LogWarning
	s.Identify.Intents = discordgo.IntentsAll
	if protocol.Compression != "" {
		s.Compress = protocol.Compression == "payload"
		s.Identify.Compress = s.Compress
	}
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.Ready) {
		protocol.Say(map[string]any{"e": "ready", "guilds": len(e.Guilds)})
	})
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildCreate) {
		protocol.Say(map[string]any{"e": "guild", "id": e.ID, "channels": len(e.Channels) + len(e.Threads)})
	})
	s.AddHandler(func(*discordgo.Session, *discordgo.Resumed) { protocol.Say(map[string]any{"e": "resumed"}) })
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageCreate) {
		protocol.Say(map[string]any{"e": "message", "id": e.ID})
	})
	if err := s.Open(); err != nil {
		protocol.Log("error", err.Error())
	}
	<-protocol.Quit().Done()
	s.Close()
	protocol.Say(map[string]any{"e": "bye"})
}
