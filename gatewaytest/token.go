package gatewaytest

import (
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-go/sluice/internal/traffic"
)

// secret is the bot token, in a function so that a Server can be printed without it.
type secret func() string

func keep(token string) secret { return func() string { return token } }

// tokenEpoch is the time that the middle part of a token counts from, in Unix seconds.
const tokenEpoch = 1_293_840_000

// newToken makes a token of the bot with that id, of the shape that clients check: the id in base64,
// the time of making in base64, and what would be a signature.
func newToken(bot uint64, now time.Time) string {
	made := uint32(now.Unix() - tokenEpoch)
	random := make([]byte, 27)
	rand.Read(random)
	signature := base64.RawURLEncoding.EncodeToString(random) + "gw"
	return base64.RawURLEncoding.EncodeToString(strconv.AppendUint(nil, bot, 10)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte{byte(made >> 24), byte(made >> 16), byte(made >> 8), byte(made)}) + "." + signature
}

// tokenBot returns the id of the bot that a token is of, or the usual bot's if it names none.
func tokenBot(token string) uint64 {
	head, _, _ := strings.Cut(token, ".")
	if decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(head, "=")); err == nil {
		if id, err := strconv.ParseUint(string(decoded), 10, 64); err == nil && id > 0 {
			return id
		}
	}
	return traffic.DefaultBotID
}
