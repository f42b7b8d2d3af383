package traffic

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// Discord's interaction tokens begin with "interaction:" and the interaction's id, in base64. Those of
// traffic go on with what the answer to one has to know, so that no list of them is needed:
//
//	interaction:ID:CHANNEL:TYPE:RANDOM

const tokenPrefix = "interaction:"

// appendInteractionToken appends the token of an interaction, without quotes.
func (g *Generator) appendInteractionToken(dst []byte, id, channel string, kind int) []byte {
	var room [160]byte
	raw := add(room[:0], tokenPrefix, id, ":", channel, ":")
	raw = append(strconv.AppendInt(raw, int64(kind), 10), ':')
	raw = g.r.appendBase62(raw, 120-len(raw))
	return base64.RawURLEncoding.AppendEncode(dst, raw)
}

// ParseInteractionToken returns what the token of an interaction of steady traffic says of it, and reports
// whether it is one.
func ParseInteractionToken(token string) (id, channel string, kind int, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	text, found := strings.CutPrefix(string(raw), tokenPrefix)
	parts := strings.Split(text, ":")
	if err != nil || !found || len(parts) != 4 {
		return "", "", 0, false
	}
	kind, err = strconv.Atoi(parts[2])
	return parts[0], parts[1], kind, err == nil
}
