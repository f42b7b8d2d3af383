package gatewire

import (
	"encoding/json"
	"strconv"
)

// Snowflake is an id, which JSON carries as a string. JDA and others send a number, which Discord takes as
// well (Discord: "Reference", heading "Snowflakes in the API").
type Snowflake uint64

// UnmarshalJSON implements [json.Unmarshaler].
func (id *Snowflake) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	*id = Snowflake(n)
	return err
}

// MarshalJSON implements [json.Marshaler].
func (id Snowflake) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatUint(uint64(id), 10)), nil
}

// ParseSnowflakes reads one id or a list of them.
func ParseSnowflakes(d json.RawMessage) (ids []Snowflake, ok bool) {
	if json.Unmarshal(d, &ids) == nil {
		return ids, true
	}
	var id Snowflake
	if json.Unmarshal(d, &id) == nil {
		return []Snowflake{id}, true
	}
	return nil, false
}
