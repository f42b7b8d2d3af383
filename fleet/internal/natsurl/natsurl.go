// Package natsurl shows addresses of NATS servers without the passwords that they may hold.
package natsurl

import (
	"errors"
	"net/url"
	"strings"
)

// Shown returns URLs that are separated by commas without users, passwords and tokens.
func Shown(urls string) string {
	list := strings.Split(urls, ",")
	for i, one := range list {
		scheme, rest, ok := strings.Cut(one, "://")
		if !ok {
			scheme, rest = "", one
		} else {
			scheme += "://"
		}
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			rest = "…@" + rest[at+1:]
		}
		list[i] = scheme + rest
	}
	return strings.Join(list, ",")
}

// errURL stands for an error that quotes a URL.
var errURL = errors.New("a URL cannot be read: it is like nats://host:4222, and what is special in a password is written as %XX")

// Cause returns why a connection failed, without a URL that the cause quotes.
func Cause(err error) error {
	if quoting := (*url.Error)(nil); errors.As(err, &quoting) {
		return errURL
	}
	return err
}
