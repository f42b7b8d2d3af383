package state

import (
	"encoding/json"
	"strconv"

	"github.com/sluice-go/sluice/lazyjson"
)

// takeReady takes READY: guilds that it does not name are dropped, and the others are unavailable
// until their GUILD_CREATE comes.
func (s *Shard) takeReady(v lazyjson.Value) error {
	guilds := make(map[uint64]*guild)
	for stub := range v.Get("guilds").Elements() {
		id, err := stub.Get("id").Snowflake()
		if err != nil {
			return err
		}
		guilds[id] = &guild{id: id, unavailable: true}
	}
	bot, err := v.Get("user", "id").Snowflake()
	if err != nil {
		return err
	}
	row, err := s.encoder.without(v, 0, "guilds")
	if err != nil {
		return err
	}
	s.bot, s.ready, s.guilds = bot, append([]byte(nil), row...), guilds
	s.open, s.openBytes, s.digests = nil, 0, nil
	return nil
}

// takeUser takes USER_UPDATE.
func (s *Shard) takeUser(v lazyjson.Value) error {
	if s.ready == nil {
		return nil
	}
	user, err := s.encoder.without(v, 0)
	if err != nil {
		return err
	}
	old := field(s.ready, `"user"`, s.dict.shapes.all())
	if old == nil {
		return errUser
	}
	merged, ok := appendMerged(nil, old, user, s.dict.shapes)
	if !ok {
		return errUser
	}
	rest, _ := skip(old, s.dict.shapes.all(), 1)
	ready := append([]byte(nil), s.ready[:len(s.ready)-len(old)]...)
	s.ready = append(append(ready, merged...), rest...)
	return nil
}

// AppendReady appends the whole d of a READY as Discord's was, but for what is a bot's own: its
// session's session_id and resume_gateway_url, and the shard it asked for. Its guilds are those of now, all of
// them unavailable. Without a READY it returns dst as it was.
func (s *Shard) AppendReady(dst []byte, sessionID, resumeURL string, shard, total int) []byte {
	s.mu.Lock()
	ready := s.ready
	s.mu.Unlock()
	if ready == nil {
		return dst
	}
	start := len(dst)
	d := decoder{shapes: s.dict.shapes.all()}
	own := []struct {
		key    string
		append func([]byte) []byte
	}{
		{key: `"session_id"`, append: func(dst []byte) []byte { return appendString(dst, sessionID) }},
		{key: `"resume_gateway_url"`, append: func(dst []byte) []byte { return appendString(dst, resumeURL) }},
		{key: `"shard"`, append: func(dst []byte) []byte {
			dst = strconv.AppendInt(append(dst, '['), int64(shard), 10)
			return append(strconv.AppendInt(append(dst, ','), int64(total), 10), ']')
		}},
		{key: `"guilds"`, append: s.appendStubs},
	}
	m, ok := takeMembers(ready[0], ready[1:], d.shapes)
	dst = append(dst, '{')
next:
	for ok && m.next() {
		for i := range own {
			if own[i].key == m.key {
				m.rest, ok = skip(m.rest, d.shapes, 1)
				continue next
			}
		}
		dst = append(append(dst, m.key...), ':')
		dst, m.rest, ok = d.value(dst, m.rest, 1)
		dst = append(dst, ',')
	}
	if !ok {
		return dst[:start]
	}
	for i := range own {
		dst = append(append(dst, own[i].key...), ':')
		dst = append(own[i].append(dst), ',')
	}
	dst[len(dst)-1] = '}'
	return dst
}

// appendStubs appends the guilds as READY has them.
func (s *Shard) appendStubs(dst []byte) []byte {
	dst = append(dst, '[')
	for i, g := range s.sorted() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendID(append(dst, `{"unavailable":true,"id":`...), g.ID)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // of a string: it cannot fail
	return append(dst, quoted...)
}
