package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

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
		return bridge.ParseBots("SLUICE_BOTS", text)
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
	return bridge.ParseBots("--bots "+file, string(text))
}

// checkListen refuses what is no address.
func checkListen(address string) error {
	if err := bridge.CheckAddress(address); err != nil {
		return fmt.Errorf("invalid argument %q for \"--listen\": %w", address, err)
	}
	return nil
}
