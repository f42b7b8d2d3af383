package main

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/internal/flags"
)

// noURL, instead of a URL, stands for none.
const noURL = "none"

// toldURLFlag is a gateway's URL that clients are told of and add their query to, or noURL if that makes
// sense.
type toldURLFlag struct {
	value *string
	none  bool
}

// Set never repeats what it refuses.
func (f toldURLFlag) Set(s string) error {
	if f.none && s == noURL {
		*f.value = s
		return nil
	}
	if u, err := url.Parse(s); err == nil && (u.RawQuery != "" || u.ForceQuery || u.Fragment != "") {
		return errors.New(flags.WantURL + " without a query or fragment, such as wss://host")
	}
	return flags.URL(f.value, "ws", "wss").Set(s)
}

func (f toldURLFlag) String() string { return *f.value }

func (f toldURLFlag) Type() string { return "URL" }

// proxyFlag is --proxy.
type proxyFlag struct {
	url  *url.URL
	none bool
}

// Set never repeats what it refuses.
func (f *proxyFlag) Set(s string) error {
	if s == noURL {
		f.url, f.none = nil, true
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return errors.New(flags.WantURL + " that begins with http://, https://, socks5:// or socks5h:// and names a host, such as http://host:3128, or none")
	}
	if u.User != nil {
		return errors.New(flags.WantURL + " without a user name and password, which every user of the machine could see in an argument: put the whole URL into the environment variable ALL_PROXY instead")
	}
	f.url, f.none = u, false
	return nil
}

func (f *proxyFlag) String() string {
	switch {
	case f.none:
		return "none"
	case f.url != nil:
		return f.url.String()
	}
	return ""
}

func (f *proxyFlag) Type() string { return "URL" }

// choose returns what engine.Config's Proxy is to be.
func (f *proxyFlag) choose() func(*http.Request) (*url.URL, error) {
	if f.url == nil && !f.none {
		return nil // as the environment says
	}
	return func(*http.Request) (*url.URL, error) { return f.url, nil }
}

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

// flagError tells what is wrong with a flag in words for the caller.
func flagError(_ *cobra.Command, err error) error {
	text := flags.Mistake(err).Error()
	if before, _, found := strings.Cut(text, "strconv.ParseBool"); found {
		text = before + "want true or false"
	}
	if strings.HasPrefix(text, "unknown flag: --fleet") {
		text += fleetHint
	}
	return errors.New(text)
}
