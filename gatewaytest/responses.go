package gatewaytest

import (
	"slices"

	"github.com/sluice-go/sluice/internal/traffic"
)

const (
	// maxResponses is how many interactions are remembered that were answered, or came from a test.
	maxResponses = 4096

	// maxFollowups is how many messages of one are.
	maxFollowups = 100
)

// An interaction is what can be answered, and the answers. It is a value: changes replace it.
type interaction struct {
	id       string
	channel  string
	kind     int // its type
	callback int // the type of the first answer; 0: there is none yet

	original string           // the id of the message that it was, if any
	messages []map[string]any // all that are there, never written to
}

// responses are interactions by token, the last ones. Those of traffic need no memory before they are
// answered: the token says what they are.
type responses struct {
	known map[string]interaction
	order []string // tokens, oldest first
}

func (r *responses) set(token string, in interaction) {
	if r.known == nil {
		r.known = make(map[string]interaction)
	}
	if _, ok := r.known[token]; !ok {
		if len(r.order) == maxResponses {
			delete(r.known, r.order[0])
			r.order = slices.Delete(r.order, 0, 1)
		}
		r.order = append(r.order, token)
	}
	r.known[token] = in
}

// interactionLocked returns the interaction of a token. The caller holds s.mu.
func (s *Server) interactionLocked(token string) (interaction, bool) {
	if in, ok := s.responses.known[token]; ok {
		return in, true
	}
	id, channel, kind, ok := traffic.ParseInteractionToken(token)
	return interaction{id: id, channel: channel, kind: kind}, ok
}

// interaction returns the interaction of a token, and reports whether there is one.
func (s *Server) interaction(token string) (interaction, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.interactionLocked(token)
}

// acknowledge notes the first answer to an interaction, with its message or nil. It reports false if there
// was one already.
func (s *Server) acknowledge(token string, callback int, message map[string]any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.interactionLocked(token)
	if !ok || in.callback != 0 {
		return false
	}
	in.callback = callback
	if message != nil {
		in.original = message["id"].(string)
		in.messages = []map[string]any{message}
	}
	s.responses.set(token, in)
	return true
}

// keep adds a message to an interaction's, or replaces the one with its id.
func (s *Server) keep(token string, message map[string]any) {
	s.edit(token, func(messages []map[string]any) []map[string]any {
		i := slices.IndexFunc(messages, func(m map[string]any) bool { return m["id"] == message["id"] })
		if i >= 0 {
			messages[i] = message
			return messages
		}
		return append(messages[max(0, len(messages)-maxFollowups+1):], message)
	})
}

// drop takes a message away.
func (s *Server) drop(token string, id any) {
	s.edit(token, func(messages []map[string]any) []map[string]any {
		return slices.DeleteFunc(messages, func(m map[string]any) bool { return m["id"] == id })
	})
}

// edit replaces an interaction's messages by what change makes of a copy.
func (s *Server) edit(token string, change func([]map[string]any) []map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in, ok := s.interactionLocked(token); ok {
		in.messages = change(slices.Clone(in.messages))
		s.responses.set(token, in)
	}
}
