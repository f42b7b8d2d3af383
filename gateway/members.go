package gateway

import (
	"strconv"
	"unicode/utf8"
)

// The limits of Request Guild Members.
const (
	// MaxMembersAsked is the greatest number of members that one request can ask for by
	// name or by id. Only a request without either asks for more.
	MaxMembersAsked = 100

	// MaxNonce is the greatest length of a nonce, in bytes. Discord drops a longer one
	// without a word, so that its chunks could not be told from others.
	MaxNonce = 32
)

// A MembersRequest asks for members of one guild: those in UserIDs; or else those whose names
// begin with Query; or else, when both are empty, all of them. They come in GUILD_MEMBERS_CHUNK
// events of at most 1000 members each.
//
// All members need IntentGuildMembers, and Discord grants them once per 30 s for each guild;
// otherwise it answers with RATE_LIMITED.
//
// Source: Discord, "Gateway Events", heading "Request Guild Members".
type MembersRequest struct {
	GuildID   uint64   // required
	Query     string   // what the names begin with; empty, without UserIDs: any name
	UserIDs   []uint64 // at most MaxMembersAsked, and no Query beside them; read only until the builder returns
	Limit     int      // how many members at most; 0: all that Discord gives, which with a Query is MaxMembersAsked; none beside UserIDs
	Presences bool     // whether presences come too; they need IntentGuildPresences
	Nonce     string   // comes back in each chunk; at most MaxNonce bytes; empty: none
}

// AppendRequestGuildMembers appends a request guild members payload (opcode 8) to dst. The error
// is a [*FieldError] or a [*PayloadTooLargeError]; dst is then returned as it was.
func AppendRequestGuildMembers(dst []byte, r *MembersRequest) ([]byte, error) {
	if err := r.check(); err != nil {
		return dst, err
	}
	b := appendHead(dst, OpRequestGuildMembers)
	b = append(b, `{"guild_id":`...)
	b = appendID(b, r.GuildID)
	if len(r.UserIDs) > 0 {
		b = append(b, `,"user_ids":`...)
		b = appendIDs(b, r.UserIDs)
	} else {
		b = append(b, `,"query":`...)
		b = appendQuoted(b, r.Query)
		b = append(b, `,"limit":`...)
		b = strconv.AppendInt(b, int64(r.Limit), 10)
	}
	if r.Presences {
		b = append(b, `,"presences":true`...)
	}
	if r.Nonce != "" {
		b = append(b, `,"nonce":`...)
		b = appendQuoted(b, r.Nonce)
	}
	return finish(dst, append(b, '}'), OpRequestGuildMembers)
}

// check returns a *FieldError for the first field that Discord would refuse.
func (r *MembersRequest) check() error {
	refuse := func(field, reason string) error {
		return &FieldError{Op: OpRequestGuildMembers, Field: field, Reason: reason}
	}
	switch {
	case r.GuildID == 0:
		return refuse("guild_id", "is zero")
	case len(r.UserIDs) > MaxMembersAsked:
		return refuse("user_ids", "holds "+strconv.Itoa(len(r.UserIDs))+" ids, at most "+
			strconv.Itoa(MaxMembersAsked)+" can be asked for")
	case len(r.UserIDs) > 0 && r.Query != "":
		return refuse("query", "cannot stand beside user_ids")
	case len(r.UserIDs) > 0 && r.Limit != 0:
		return refuse("limit", "cannot stand beside user_ids")
	case r.Limit < 0:
		return refuse("limit", "is negative: "+strconv.Itoa(r.Limit))
	case r.Query != "" && r.Limit > MaxMembersAsked:
		return refuse("limit", "is "+strconv.Itoa(r.Limit)+", with a query at most "+
			strconv.Itoa(MaxMembersAsked)+" members can be asked for")
	case len(r.Nonce) > MaxNonce:
		return refuse("nonce", "is "+strconv.Itoa(len(r.Nonce))+" bytes long, at most "+strconv.Itoa(MaxNonce)+" come back")
	case !utf8.ValidString(r.Nonce):
		// Replacing what is invalid, as elsewhere, would bring back another nonce.
		return refuse("nonce", "is not valid UTF-8")
	}
	return zeroID(OpRequestGuildMembers, "user_ids", r.UserIDs)
}

// zeroID returns a *FieldError if one of the ids is zero, which no snowflake is.
func zeroID(op Opcode, field string, ids []uint64) error {
	for i, id := range ids {
		if id == 0 {
			return &FieldError{Op: op, Field: field + "[" + strconv.Itoa(i) + "]", Reason: "is zero"}
		}
	}
	return nil
}
