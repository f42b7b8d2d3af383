package bridge

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// ParseBots reads a name and a token from each line; what begins with # is a comment. source names the text in an
// error, none of which repeats a line: it may hold a token.
func ParseBots(source, text string) (bots []Bot, err error) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
		case len(words) != 2:
			return nil, fmt.Errorf("%s: line %d: want a name and a token, separated by a space", source, n)
		default:
			bots = append(bots, Bot{Name: words[0], Token: words[1]})
		}
	}
	return bots, nil
}

// unixPrefix marks a Unix socket.
const unixPrefix = "unix:"

// maxSocketPath is what fits on every system; some take a few bytes more.
const maxSocketPath = 103

// CheckAddress returns why [Listen] could not take an address, nil if it may.
func CheckAddress(address string) error {
	if path, isUnix := strings.CutPrefix(address, unixPrefix); isUnix {
		if path == "" {
			return errors.New("want a path behind unix:, such as unix:/run/sluice.sock")
		}
		return nil
	}
	if host, _, err := net.SplitHostPort(address); err != nil || host == "" {
		return errors.New("want host:port, such as 127.0.0.1:8080 or, for all addresses of the machine, 0.0.0.0:8080, or unix:PATH")
	}
	return nil
}

// Listen opens an address for bots: host:port, or unix:PATH for a Unix socket, for user and group of the process. A
// socket that a process left behind, and nobody listens on, is replaced.
func Listen(address string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, unixPrefix)
	if !isUnix {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("cannot listen on %s; if another program does, end it or choose another address: %w", address, err)
		}
		return l, nil
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&os.ModeSocket == 0 {
		return nil, fmt.Errorf("%s is there already, and is no socket: name another path, or remove it", path)
	}
	if err == nil {
		if nc, err := net.DialTimeout("unix", path, time.Second); err == nil {
			nc.Close()
			return nil, fmt.Errorf("another process listens on %s", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil && len(path) > maxSocketPath {
		return nil, fmt.Errorf("the path of a Unix socket may be no longer than %d bytes, and this one has %d: %w", maxSocketPath, len(path), err)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o660); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}
