package clients

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"
)

// TestDiscordgo has both of its compressions: none and payload.
func TestDiscordgo(t *testing.T) {
	for _, compress := range []bool{true, false} {
		t.Run(fmt.Sprintf("compress=%t", compress), func(t *testing.T) {
			srv := newServer(t)
			discordgo.EndpointGateway = strings.TrimSuffix(srv.APIURL(), "v10") + "v9/gateway"
			s, err := discordgo.New("Bot " + srv.Token())
			if err != nil {
				t.Fatal(err)
			}
			s.Client = httpClient(srv.TLSConfig())
			s.Dialer = dialer(srv)
			s.Compress = compress
			s.Identify.Compress = compress
			b := newBot()
			b.reidentifies = true
			s.AddHandler(func(_ *discordgo.Session, m *discordgo.MessageCreate) { b.messages <- m.ID })
			if err := s.Open(); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			scenario(t, srv, b)
		})
	}
}
