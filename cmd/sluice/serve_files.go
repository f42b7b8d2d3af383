package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/sluice-go/sluice/bridge"
)

// maxBotsFile is how much of --bots is read, in bytes.
const maxBotsFile = 1 << 20

// readBots reads who may connect, from a file or from the environment, from which it takes them away.
func readBots(file string) ([]bridge.Bot, error) {
	if file == "" {
		text := os.Getenv("SLUICE_BOTS")
		_ = os.Unsetenv("SLUICE_BOTS")
		if strings.TrimSpace(text) == "" {
			return nil, errors.New("no bot could connect: name a file with --bots, or set SLUICE_BOTS, with a name and a token on each line")
		}
		return parseBots("SLUICE_BOTS", text)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read --bots: %w", err)
	}
	defer f.Close()
	text, err := readBounded(f, maxBotsFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read --bots: %w", err)
	}
	return parseBots("--bots "+file, string(text))
}

// parseBots reads a name and a token from each line; what begins with # is a comment. No error repeats a line,
// which may hold a token.
func parseBots(source, text string) (bots []bridge.Bot, err error) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(words[0], "#"):
		case len(words) != 2:
			return nil, fmt.Errorf("%s: line %d: want a name and a token, separated by a space", source, n)
		default:
			bots = append(bots, bridge.Bot{Name: words[0], Token: words[1]})
		}
	}
	return bots, nil
}

// unixPrefix marks a Unix socket in --listen of serve.
const unixPrefix = "unix:"

// checkListen refuses what is no address.
func checkListen(address string) error {
	if path, isUnix := strings.CutPrefix(address, unixPrefix); isUnix {
		if path == "" {
			return errors.New("invalid argument \"unix:\" for \"--listen\": want a path behind it, such as unix:/run/sluice.sock")
		}
		return nil
	}
	if host, _, err := net.SplitHostPort(address); err != nil || host == "" {
		return fmt.Errorf("invalid argument %q for \"--listen\": want host:port, such as 127.0.0.1:8080, or unix:PATH", address)
	}
	return nil
}

// listenFor opens an address for bots. A Unix socket that a process left behind, and nobody listens on, is replaced.
func listenFor(address string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(address, unixPrefix)
	if !isUnix {
		return net.Listen("tcp", address)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if nc, err := net.DialTimeout("unix", path, time.Second); err == nil {
			nc.Close()
			return nil, fmt.Errorf("another process listens on %s", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o660); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}
