package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine"
)

// urlFlag is a URL with one of two schemes, such as ws and wss.
type urlFlag struct {
	value   *string
	schemes [2]string
}

// Set never repeats what it refuses: there may be a password in it.
func (f urlFlag) Set(s string) error {
	want := fmt.Sprintf("want a URL that begins with %s:// or %s:// and names a host, such as %[2]s://host", f.schemes[0], f.schemes[1])
	u, err := url.Parse(s)
	if err != nil || !slices.Contains(f.schemes[:], u.Scheme) || u.Host == "" {
		return errors.New(want)
	}
	if u.User != nil {
		return errors.New("want a URL without a user name or password")
	}
	*f.value = s
	return nil
}

func (f urlFlag) String() string { return *f.value }

func (f urlFlag) Type() string { return "URL" }

// driverFlag is --driver.
type driverFlag struct{ engine.Driver }

func (f *driverFlag) Set(s string) error {
	switch s {
	case "auto":
		f.Driver = engine.AutoDriver
	case "portable":
		f.Driver = engine.PortableDriver
	default:
		return errors.New("choose auto or portable")
	}
	return nil
}

func (f *driverFlag) String() string {
	if f.Driver == engine.PortableDriver {
		return "portable"
	}
	return "auto"
}

func (f *driverFlag) Type() string { return "auto|portable" }

// flagError tells what is wrong with a flag in words for who called.
func flagError(_ *cobra.Command, err error) error {
	text := err.Error()
	if before, _, found := strings.Cut(text, "strconv.ParseBool"); found {
		text = before + "want true or false"
	}
	if i := strings.Index(text, `for "--`); i > 0 && strings.Contains(text, "password") {
		text = "invalid argument " + text[i:]
	}
	return errors.New(text)
}
