package flags

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// text is any text.
type text struct{ value *string }

func (f text) Set(s string) error { *f.value = s; return nil }
func (f text) String() string     { return *f.value }
func (f text) Type() string       { return "string" }

// toggle is on or off.
type toggle struct{ value *bool }

// Set implements [Value].
func (f toggle) Set(s string) error {
	on, err := strconv.ParseBool(s)
	if err != nil {
		return errors.New("want true or false")
	}
	*f.value = on
	return nil
}

func (f toggle) String() string { return strconv.FormatBool(*f.value) }
func (f toggle) Type() string   { return "bool" }

// IsBoolFlag says that it may stand alone.
func (f toggle) IsBoolFlag() bool { return true }

// Int is a whole number from min to max.
func Int(value *int, min, max int) Value { return number{value, min, max} }

type number struct {
	value    *int
	min, max int
}

// Set implements [Value].
func (f number) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < f.min || n > f.max {
		return fmt.Errorf("want a whole number from %d to %d", f.min, f.max)
	}
	*f.value = n
	return nil
}

func (f number) String() string { return strconv.Itoa(*f.value) }
func (f number) Type() string   { return "N" }

// Duration is a length of time of at least min.
func Duration(value *time.Duration, min time.Duration) Value { return duration{value, min} }

type duration struct {
	value *time.Duration
	min   time.Duration
}

// Set implements [Value].
func (f duration) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < f.min {
		return fmt.Errorf("want a time of at least %v, such as 500ms, 10s or 2h30m", f.min)
	}
	*f.value = d
	return nil
}

// String returns "0" for none, which the help does not show as a default.
func (f duration) String() string {
	if *f.value == 0 {
		return "0"
	}
	return f.value.String()
}

func (f duration) Type() string { return "TIME" }

// WantURL begins every error of a flag that wants a URL. Its value must not be repeated: there may be a password in it.
const WantURL = "want a URL"

// Mistake returns what a library that reads command lines says of a flag, without the value of one that wants a URL.
func Mistake(err error) error {
	text := err.Error()
	if i := strings.LastIndex(text, `for "--`); i > 0 && strings.Contains(text[i:], WantURL) {
		return errors.New("invalid argument " + text[i:])
	}
	return err
}

// URL is a URL with one of two schemes, such as ws and wss.
func URL(value *string, plain, secure string) Value { return address{value, [2]string{plain, secure}} }

type address struct {
	value   *string
	schemes [2]string
}

// Set never repeats what it refuses: there may be a password in it.
func (f address) Set(s string) error {
	u, err := url.Parse(s)
	if err != nil || !slices.Contains(f.schemes[:], u.Scheme) || u.Host == "" {
		return fmt.Errorf(WantURL+" that begins with %s:// or %s:// and names a host, such as %[2]s://host", f.schemes[0], f.schemes[1])
	}
	if u.User != nil {
		return errors.New(WantURL + " without a user name or password")
	}
	*f.value = s
	return nil
}

func (f address) String() string { return *f.value }
func (f address) Type() string   { return "URL" }

// Share is a share above 0 and up to 1; 0, where it is not given, stands for all.
type Share float64

// Set implements [Value].
func (f *Share) Set(s string) error {
	var share float64
	if _, err := fmt.Sscanf(s, "%g", &share); err != nil || !(share > 0 && share <= 1) {
		return errors.New("want a share above 0 and up to 1, such as 0.95")
	}
	*f = Share(share)
	return nil
}

func (f *Share) String() string {
	if *f == 0 {
		return "1"
	}
	return fmt.Sprint(float64(*f))
}

// Type implements [Value].
func (f *Share) Type() string { return "SHARE" }
