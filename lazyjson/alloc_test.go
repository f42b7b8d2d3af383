package lazyjson

import "testing"

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ordered, behind := messageCreate(t)
	e, err := Peek(ordered)
	if err != nil {
		t.Fatal(err)
	}
	d := ValueOf(e.Data(ordered))
	escaped := []byte(`{"t":"MESS\u0041GE_CREATE","op":0,"k\u0065y":"1\u0032","number":-12.5}`)
	text := make([]byte, 0, 1024)
	check := func(ok bool) {
		if !ok {
			t.Fatal("wrong answer")
		}
	}
	for name, run := range map[string]func(){
		"Peek, Discord's order": func() { e, err := Peek(ordered); check(err == nil && len(e.Type(ordered)) == 14) },
		"Peek, d in front":      func() { e, err := Peek(behind); check(err == nil && len(e.Data(behind)) > 700) },
		"Peek, escapes":         func() { e, err := Peek(escaped); check(err == nil && len(e.AppendType(text, escaped)) == 14) },
		"Valid":                 func() { check(Valid(ordered)) },
		"Check":                 func() { check(Check(ordered) == nil) },
		"Get": func() {
			id, err := d.Get("author", "id").Snowflake()
			check(err == nil && id == 186295710245978112)
		},
		"Get, missing": func() { _, err := d.Get("author", "nothing").Snowflake(); check(err == ErrMissing) },
		"Get, escaped key": func() {
			id, err := ValueOf(escaped).Get("key").Snowflake()
			check(err == nil && id == 12)
		},
		"Index":        func() { check(d.Get("member", "roles").Index(1).EqualString("286104513210384384")) },
		"Int":          func() { n, err := d.Get("author", "public_flags").Int(); check(err == nil && n == 64) },
		"Uint":         func() { n, err := d.Get("author", "public_flags").Uint(); check(err == nil && n == 64) },
		"Float":        func() { f, err := ValueOf(escaped).Get("number").Float(); check(err == nil && f == -12.5) },
		"Bool":         func() { b, err := d.Get("tts").Bool(); check(err == nil && !b) },
		"EqualString":  func() { check(d.Get("member", "nick").EqualString(`Zoë "zed"`)) },
		"AppendString": func() { s, err := d.Get("content").AppendString(text); check(err == nil && len(s) > 40) },
		"Elements": func() {
			n := 0
			for role := range d.Get("member", "roles").Elements() {
				n += len(role.Raw())
			}
			check(n == 40)
		},
		"Members": func() {
			n := 0
			for key, value := range d.Members() {
				n += len(key.Raw()) + len(value.Raw())
			}
			check(n > 500)
		},
		"Len": func() { n, err := d.Len(); check(err == nil && n == 19) },
	} {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
