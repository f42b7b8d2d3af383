package lazyjson

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

var numbers = []string{
	"0", "-0", "1", "-1", "12", "9007199254740992", "9007199254740993", "9223372036854775807", "9223372036854775808",
	"-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "99999999999999999999",
	"-18446744073709551616", "184467440737095516150", "1.0", "1e3", "1.5", "-2.5e-3", "1E400", "-1e400", "1e-400", "0.1",
	"123456789012345678901234567890123456789012345678901234567890", "4.9e-324", "1.7976931348623157e308",
	"0." + strings.Repeat("3", 400),
}

// The oracle is strconv, which encoding/json uses.
func TestNumbers(t *testing.T) {
	for _, text := range numbers {
		v := ValueOf([]byte(text))
		i, err := v.Int()
		if want, wantErr := strconv.ParseInt(text, 10, 64); (err == nil) != (wantErr == nil) || err == nil && i != want || err != nil && i != 0 {
			t.Errorf("Int of %s = %d, %v, want %d, %v", text, i, err, want, wantErr)
		}
		u, err := v.Uint()
		if want, wantErr := strconv.ParseUint(text, 10, 64); (err == nil) != (wantErr == nil) || err == nil && u != want || err != nil && u != 0 {
			t.Errorf("Uint of %s = %d, %v, want %d, %v", text, u, err, want, wantErr)
		}
		f, err := v.Float()
		if want, wantErr := strconv.ParseFloat(text, 64); (err == nil) != (wantErr == nil) || err == nil && math.Float64bits(f) != math.Float64bits(want) {
			t.Errorf("Float of %s = %v, %v, want %v, %v", text, f, err, want, wantErr)
		}
	}
}

func TestSnowflake(t *testing.T) {
	for doc, want := range map[string]uint64{
		`"197038439483310086"`: 197038439483310086, `197038439483310086`: 197038439483310086, `"0"`: 0, `0`: 0, `"007"`: 7,
		`"18446744073709551615"`: math.MaxUint64, `18446744073709551615`: math.MaxUint64, `"1\u0032\u00333"`: 1233,
		`"` + strings.Repeat(`\u0031`, 20) + `"`: 11111111111111111111,
	} {
		if id, err := ValueOf([]byte(doc)).Snowflake(); id != want || err != nil {
			t.Errorf("Snowflake of %s = %d, %v, want %d", doc, id, err, want)
		}
	}
	for _, doc := range []string{
		`""`, `"-1"`, `"+1"`, `" 1"`, `"1 "`, `"1.0"`, `"1e3"`, `"x"`, `"18446744073709551616"`, `"99999999999999999999"`, `"\n"`, `"\u0031x"`,
		`"000000000000000000001"`, `-1`, `-0`, `1.0`, `18446744073709551616`, `null`, `true`, `[]`, `{}`, `"é"`,
		`"`, `"1`, `"\u00`, `"` + strings.Repeat(`\u0031`, 21) + `"`, `"` + strings.Repeat("1", 1000) + `"`,
	} {
		id, err := ValueOf([]byte(doc)).Snowflake()
		if !Valid([]byte(doc)) {
			if _, ok := err.(*SyntaxError); !ok || id != 0 {
				t.Errorf("Snowflake of %s = %d, %v", doc, id, err)
			}
			continue
		}
		if want := (TypeError{Kind: ValueOf([]byte(doc)).Kind(), Want: "snowflake"}); id != 0 || err == nil || *err.(*TypeError) != want {
			t.Errorf("Snowflake of %s = %d, %v", doc, id, err)
		}
	}
}
