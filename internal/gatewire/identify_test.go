package gatewire

import "testing"

// TestParseResume: null is read as nothing, what is missing or of another type is a mistake.
func TestParseResume(t *testing.T) {
	for _, c := range []struct {
		d    string
		want Resume
		bad  bool
	}{
		{d: `{"token":"Bot t","session_id":"s","seq":3}`, want: Resume{"t", "s", 3}},
		{d: `{"token":"t","session_id":null,"seq":null}`, want: Resume{Token: "t"}},
		{d: `{"token":"t","session_id":"s","seq":null}`, want: Resume{Token: "t", SessionID: "s"}},
		{d: `{"token":null,"session_id":"s","seq":3}`, bad: true},
		{d: `{"token":"t","session_id":"s"}`, bad: true},
		{d: `{"token":"t","seq":3}`, bad: true},
		{d: `{"token":"t","session_id":5,"seq":3}`, bad: true},
		{d: `{"token":"t","session_id":"s","seq":"3"}`, bad: true},
		{d: `{"token":"t","session_id":"s","seq":3.5}`, bad: true},
		{d: `null`, bad: true},
		{d: ``, bad: true},
	} {
		got, refused := ParseResume([]byte(c.d))
		if got != c.want || (refused != nil) != c.bad || c.bad && refused != DecodeError {
			t.Errorf("%s: %+v, %v", c.d, got, refused)
		}
	}
}
