package flags

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/sluice-go/sluice/bridge"
)

// Bridge are the flags of commands that are a gateway for bots. Their words are those of bridge.Config. Where it listens is
// for each command to say.
type Bridge struct {
	bots, share string
	cert, key   string
	config      bridge.Config
}

// Declare adds the flags.
func (b *Bridge) Declare(add Adder) {
	c := &b.config
	add(text{&b.bots}, "bots", "file with the bots that may connect, a name and a token of 16 characters or more on each\nline (default: SLUICE_BOTS of the environment)")
	add(text{&b.share}, "share", "names of bots, separated by commas, whose connections to a shard share its events")
	add(URL(&c.URL, "ws", "wss"), "url", "address of the gateway as bots reach it, as wss:// or ws:// (default: as they named it)")
	add(Duration(&c.Replay, time.Millisecond), "replay", "how long a bot may be away and resume (default 3m)")
	add(Size(&c.ReplayBytes), "replay-bytes", "size of the events that are kept for that, over all shards (default 256MiB, or 4MiB\nfor each shard where that is more)")
	add(Size(&c.MaxLag), "max-lag", "how far a bot may read behind on a shard before it is closed (default: half of what\nis kept for the shard)")
	add(Int(&c.MaxConnections, 1, math.MaxInt32), "max-connections", "connections of bots at once (default 10000)")
	add(toggle{&c.Members}, "members", "tell bots that begin all members that Discord's GUILD_CREATE had, at the memory these take")
	add(toggle{&c.PassREST}, "pass-rest", "pass REST requests on to Discord, with Discord's token in the place of the bot's")
	add(URL(&c.API, "http", "https"), "pass-to", "where --pass-rest passes them, as https:// or http:// (default https://discord.com)")
	add(text{&b.cert}, "cert", "PEM file with the certificate chain to speak TLS with (default: plain text)")
	add(text{&b.key}, "key", "PEM file with the certificate's key")
}

// Check refuses what cannot be meant.
func (b *Bridge) Check() error {
	switch {
	case (b.cert == "") != (b.key == ""):
		return errors.New("--cert and --key go together: give both, or neither")
	case b.config.API != "" && !b.config.PassREST:
		return errors.New("--pass-to is of use only with --pass-rest")
	}
	return nil
}

// Encrypted reports whether the gateway is to speak TLS.
func (b *Bridge) Encrypted() bool { return b.cert != "" }

// Config reads the files that flags name, and SLUICE_BOTS, which it takes out of the environment. What no flag says is left out
// of the configuration.
func (b *Bridge) Config() (bridge.Config, error) {
	c := b.config
	var err error
	if c.Bots, err = readBots(b.bots); err != nil {
		return c, err
	}
	if b.share != "" {
		c.Share = strings.Split(b.share, ",")
	}
	if b.Encrypted() {
		pair, err := tls.LoadX509KeyPair(b.cert, b.key)
		if err != nil {
			return c, fmt.Errorf("cannot read --cert and --key: %w", err)
		}
		c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	return c, nil
}

// maxBotsFile is how much of --bots is read, in bytes.
const maxBotsFile = 1 << 20

// readBots reads who may connect, from a file or from the environment, from which it takes them away.
func readBots(file string) ([]bridge.Bot, error) {
	list := os.Getenv("SLUICE_BOTS")
	_ = os.Unsetenv("SLUICE_BOTS")
	if file != "" {
		b, err := ReadFile(file, maxBotsFile)
		if err != nil {
			return nil, fmt.Errorf("cannot read --bots: %w", err)
		}
		return bridge.ParseBots("--bots "+file, string(b))
	}
	if strings.TrimSpace(list) == "" {
		return nil, errors.New("no bot could connect: name a file with --bots, or set SLUICE_BOTS, with a name and a token on each line")
	}
	return bridge.ParseBots("SLUICE_BOTS", list)
}

// BridgeMistake shows what bridge.New found in words of the command.
func BridgeMistake(err error) error {
	var mistake *bridge.ConfigError
	if !errors.As(err, &mistake) {
		return err
	}
	if flag := bridgeFlags[mistake.Field]; flag != "" {
		return fmt.Errorf("%s %s", flag, mistake.Reason)
	}
	return err
}

// bridgeFlags are the flags that set fields of bridge.Config.
var bridgeFlags = map[string]string{
	"Bots": "--bots", "Share": "--share", "URL": "--url", "API": "--pass-to", "Replay": "--replay",
	"ReplayBytes": "--replay-bytes", "MaxLag": "--max-lag", "MaxConnections": "--max-connections",
}
