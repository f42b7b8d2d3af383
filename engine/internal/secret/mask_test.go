package secret

import "testing"

func TestMask(t *testing.T) {
	for _, row := range []struct{ token, payload, want string }{
		{"abc", `{"op":2,"d":{"token":"abc","x":"abcabc"}}`, `{"op":2,"d":{"token":"***","x":"******"}}`},
		{`a"b\c`, `{"op":2,"d":{"token":"a\"b\\c"}} a"b\c`, `{"op":2,"d":{"token":"*******"}} *****`},
		{"abc", `{"op":1,"d":null}`, `{"op":1,"d":null}`},
	} {
		b := []byte(row.payload)
		if New(row.token).Mask(b); string(b) != row.want {
			t.Errorf("%s without %s: %s", row.payload, row.token, b)
		}
	}
}
