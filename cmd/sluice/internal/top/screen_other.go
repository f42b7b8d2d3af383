//go:build !(aix || darwin || dragonfly || freebsd || linux || netbsd || openbsd || solaris || windows)

package top

import (
	"context"
	"errors"
	"io"
)

// Run says that there is no screen: the library for it knows no terminals of this system.
func Run(context.Context, *Client, Options, io.Reader, io.Writer) error {
	return errors.New("there is no terminal screen on this system; open the page in a browser")
}
