package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/internal/flags"
)

// How much of a file is read, so that a wrong name (a device, say) costs nothing.
const (
	maxTokenFile = 4096
	maxCAFile    = 16 << 20
)

// readToken reads the token from a file, or from the environment, from which it
// takes it away: no child process gets it.
func readToken(file string, logger *slog.Logger) (engine.Token, error) {
	if file == "" {
		token := os.Getenv("DISCORD_TOKEN")
		_ = os.Unsetenv("DISCORD_TOKEN")
		if strings.TrimSpace(token) == "" {
			return engine.Token{}, errors.New("there is no token: set DISCORD_TOKEN to the bot's token, or name a file that holds it with --token-file")
		}
		return engine.NewToken(strings.TrimSpace(token)), nil
	}
	f, err := os.Open(file)
	if err != nil {
		return engine.Token{}, fmt.Errorf("cannot read --token-file: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		logger.Warn("other users of this machine may read the token file; chmod 600 would prevent it", "file", file)
	}
	text, err := flags.ReadBounded(f, maxTokenFile)
	if err != nil {
		return engine.Token{}, fmt.Errorf("cannot read --token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return engine.Token{}, fmt.Errorf("--token-file %s is empty: it must hold the bot's token", file)
	}
	return engine.NewToken(token), nil
}

// readRoots returns the TLS configuration that trusts the authorities of a file
// besides the system's, or nil for none.
func readRoots(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read --ca-file: %w", err)
	}
	defer f.Close()
	text, err := flags.ReadBounded(f, maxCAFile)
	if err != nil {
		return nil, fmt.Errorf("cannot read --ca-file: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--ca-file %s holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----", file)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}
