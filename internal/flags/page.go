package flags

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sluice-go/sluice/engine/monitor"
)

// Page are the flags of the page that commands with an engine show.
type Page struct {
	Address        string
	CredentialFile string
	Pprof          bool
	Ready          Share
}

// Declare adds the flags.
func (p *Page) Declare(add Adder) {
	add(text{&p.Address}, "http", "show a page, health, JSON and metrics at this address, such as 127.0.0.1:9600;\nwithout a host it is 127.0.0.1")
	add(text{&p.CredentialFile}, "http-credential-file", "file that holds what allows actions on that page, such as restarting a shard\n(default: SLUICE_HTTP_CREDENTIAL of the environment; without either there are none)")
	add(toggle{&p.Pprof}, "http-pprof", "serve /debug/pprof there too, which shows the process's memory")
	add(&p.Ready, "http-ready", "share of the shards that must be ready for /readyz to say so")
}

// Check refuses flags that are of use only with --http.
func (p *Page) Check() error {
	if p.Address == "" && (p.CredentialFile != "" || p.Pprof || p.Ready != 0) {
		return errors.New("--http-credential-file, --http-pprof and --http-ready are of use only with --http")
	}
	return nil
}

// maxCredentialFile is how much of --http-credential-file is read, in bytes.
const maxCredentialFile = 4096

// Credential returns what allows actions, "" for nothing. It takes it out of the environment: no child process gets it.
func (p *Page) Credential() (string, error) {
	credential := os.Getenv("SLUICE_HTTP_CREDENTIAL")
	_ = os.Unsetenv("SLUICE_HTTP_CREDENTIAL")
	if p.CredentialFile != "" {
		b, err := ReadFile(p.CredentialFile, maxCredentialFile)
		if err != nil {
			return "", fmt.Errorf("cannot read --http-credential-file: %w", err)
		}
		if credential = string(b); strings.TrimSpace(credential) == "" {
			return "", fmt.Errorf("--http-credential-file %s is empty: it must hold the credential, 16 characters or more", p.CredentialFile)
		}
	}
	return strings.TrimSpace(credential), nil
}

// Open shows the page, which config says all of that no flag does, until stop is called, and returns its URL.
func (p *Page) Open(config monitor.Config) (url string, stop func(), err error) {
	config.Pprof, config.ReadyShare = p.Pprof, float64(p.Ready)
	m, err := monitor.New(config)
	if err != nil {
		return "", nil, errors.New(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "Config.Credential", "the credential"), "monitor: "))
	}
	l, err := monitor.Listen(p.Address)
	if err != nil {
		m.Close()
		return "", nil, fmt.Errorf("--http: %s", strings.TrimPrefix(err.Error(), "monitor: "))
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = monitor.Serve(ctx, l, m)
	}()
	return "http://" + l.Addr().String() + "/", func() {
		m.Close()
		cancel()
		<-ended
	}, nil
}
