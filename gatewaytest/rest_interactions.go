package gatewaytest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The types of answers to interactions (Discord: "Interaction Callback Type").
const (
	callbackMessage  = 4
	callbackDeferred = 5
)

// callbackTypes are all of them.
var callbackTypes = []int{1, callbackMessage, callbackDeferred, 6, 7, 8, 9, 10, 12}

// postCallback is Discord's Create Interaction Response. An answer that is a message comes as
// MESSAGE_CREATE too, unless only the user sees it.
func (c *call) postCallback() {
	var sent struct {
		Type int         `json:"type"`
		Data sentMessage `json:"data"`
	}
	if !c.readMessage(&sent, &sent.Data) {
		return
	}
	token := c.PathValue("token")
	in, known := c.srv.interaction(token)
	switch {
	case !known || in.id != c.PathValue("interaction"):
		c.fail(http.StatusNotFound, 10062, "Unknown interaction")
		return
	case !slices.Contains(callbackTypes, sent.Type):
		c.invalid("type", "BASE_TYPE_CHOICES", "Value must be one of {1, 4, 5, 6, 7, 8, 9, 10, 12}.")
		return
	case sent.Type == callbackMessage && !c.checkMessage(&sent.Data):
		return
	}
	var message map[string]any
	if sent.Type == callbackMessage || sent.Type == callbackDeferred {
		if sent.Type == callbackDeferred {
			sent.Data.Flags |= flagLoading
		}
		message = c.srv.respond(&sent.Data, in)
		message["type"] = 20
	}
	if !c.srv.acknowledge(token, sent.Type, message) {
		c.fail(http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
		return
	}
	c.srv.show(in, "MESSAGE_CREATE", message)
	if c.URL.Query().Get("with_response") != "true" {
		c.WriteHeader(http.StatusNoContent)
		return
	}
	about := map[string]any{"id": in.id, "type": in.kind}
	answer := map[string]any{"interaction": about}
	if message != nil {
		about["response_message_id"] = message["id"]
		about["response_message_loading"] = sent.Data.Flags&flagLoading != 0
		about["response_message_ephemeral"] = sent.Data.Flags&flagEphemeral != 0
		answer["resource"] = map[string]any{"type": sent.Type, "message": message}
	}
	c.answer(http.StatusOK, answer)
}

// respond makes a message that answers an interaction.
func (s *Server) respond(sent *sentMessage, in interaction) map[string]any {
	place, _ := s.place(in.channel) // one that is gone sees nothing
	message := s.newMessage(sent, place)
	message["application_id"] = strconv.FormatUint(s.cfg.bot, 10)
	message["webhook_id"] = message["application_id"]
	return message
}

// show tells those who see the interaction's channel of a message, which may be nil.
func (s *Server) show(in interaction, eventType string, message map[string]any) {
	if message == nil || message["flags"].(int64)&flagEphemeral != 0 {
		return
	}
	place, ok := s.place(in.channel)
	if !ok {
		return
	}
	if eventType == "MESSAGE_DELETE" {
		message = map[string]any{"id": message["id"], "channel_id": message["channel_id"]}
	}
	place.tell(eventType, message)
}

// answered returns the interaction whose answers the path is about; if there is none it answers, and
// reports false.
func (c *call) answered() (in interaction, ok bool) {
	if !c.owns() {
		return in, false
	}
	if in, ok = c.srv.interaction(c.PathValue("token")); !ok || in.callback == 0 {
		c.fail(http.StatusNotFound, 10015, "Unknown Webhook")
		return in, false
	}
	return in, true
}

// postFollowup is Discord's Create Followup Message.
func (c *call) postFollowup() {
	var sent sentMessage
	in, ok := c.answered()
	if !ok || !c.readMessage(&sent, &sent) || !c.checkMessage(&sent) {
		return
	}
	message := c.srv.respond(&sent, in)
	c.srv.keep(c.PathValue("token"), message)
	c.srv.show(in, "MESSAGE_CREATE", message)
	c.answer(http.StatusOK, message)
}

// response returns the message that the path names, with its interaction; if there is none it answers,
// and reports false.
func (c *call) response() (message map[string]any, in interaction, ok bool) {
	if in, ok = c.answered(); !ok {
		return nil, in, false
	}
	id := c.PathValue("message")
	if id == "@original" {
		if in.callback != callbackMessage && in.callback != callbackDeferred {
			c.fail(http.StatusNotImplemented, 0, "501: the test gateway has no @original of a callback of type "+strconv.Itoa(in.callback))
			return nil, in, false
		}
		id = in.original
	}
	for _, message := range in.messages {
		if message["id"] == id {
			return message, in, true
		}
	}
	c.fail(http.StatusNotFound, 10008, "Unknown Message")
	return nil, in, false
}

// getResponse is Discord's Get Original Interaction Response, and Get Followup Message.
func (c *call) getResponse() {
	if message, _, ok := c.response(); ok {
		c.answer(http.StatusOK, message)
	}
}

// patchResponse is Discord's Edit Original Interaction Response, and Edit Followup Message.
func (c *call) patchResponse() {
	message, in, ok := c.response()
	var sent sentMessage
	if !ok || !c.readMessage(&sent, &sent) {
		return
	}
	message = maps.Clone(message)
	if sent.Content != nil {
		message["content"] = sent.text()
	}
	if sent.Embeds != nil {
		message["embeds"] = sent.Embeds
	}
	if sent.Components != nil {
		message["components"] = sent.Components
	}
	message["attachments"] = slices.Concat(message["attachments"].([]any), c.srv.attach(&sent, in.channel))
	if flags := message["flags"].(int64); flags&flagLoading != 0 {
		message["flags"] = flags &^ flagLoading
	} else {
		message["edited_timestamp"] = time.Now().UTC().Format(timestampLayout)
	}
	c.srv.keep(c.PathValue("token"), message)
	c.srv.show(in, "MESSAGE_UPDATE", message)
	c.answer(http.StatusOK, message)
}

// deleteResponse is Discord's Delete Original Interaction Response, and Delete Followup Message.
func (c *call) deleteResponse() {
	message, in, ok := c.response()
	if !ok {
		return
	}
	c.srv.drop(c.PathValue("token"), message["id"])
	c.srv.show(in, "MESSAGE_DELETE", message)
	c.WriteHeader(http.StatusNoContent)
}

// noteInteraction remembers an interaction of a test's own, so that it can be answered.
func (s *Server) noteInteraction(data []byte) {
	var d struct {
		ID        string `json:"id"`
		Token     string `json:"token"`
		ChannelID string `json:"channel_id"`
		Type      int    `json:"type"`
	}
	if json.Unmarshal(data, &d) != nil || d.Token == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.responses.set(d.Token, interaction{id: d.ID, channel: d.ChannelID, kind: d.Type})
}
