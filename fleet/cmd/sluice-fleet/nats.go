//go:build !plan9 && !aix

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/internal/flags"
)

// natsOptions are the flags of all commands that reach NATS.
type natsOptions struct {
	urls          string
	creds         string
	ca, cert, key string
}

func (o *natsOptions) flags(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flags.Mistake(err) })
	f := cmd.Flags()
	f.StringVar(&o.urls, "nats", "nats://127.0.0.1:4222", "URLs of NATS servers, separated by commas; tls:// asks for TLS")
	f.StringVar(&o.creds, "creds", "", "file with NATS credentials")
	f.StringVar(&o.ca, "nats-ca", "", "PEM file of the authority of NATS servers' certificates (default the system's)")
	f.StringVar(&o.cert, "nats-cert", "", "PEM file of a certificate to show NATS, with --nats-key")
	f.StringVar(&o.key, "nats-key", "", "PEM file of its key")
}

// check refuses what cannot be meant.
func (o *natsOptions) check() error {
	if (o.cert == "") != (o.key == "") {
		return errors.New("--nats-cert and --nats-key go together: give both, or neither")
	}
	return nil
}

// user returns what the environment says; it is no flag, since others may read those.
func user() (name, password string) { return os.Getenv("NATS_USER"), os.Getenv("NATS_PASSWORD") }

// options are for nats.Connect.
func (o *natsOptions) options() (list []nats.Option) {
	if o.creds != "" {
		list = append(list, nats.UserCredentials(o.creds))
	}
	if name, password := user(); name != "" {
		list = append(list, nats.UserInfo(name, password))
	}
	if o.ca != "" {
		list = append(list, nats.RootCAs(o.ca))
	}
	if o.cert != "" {
		list = append(list, nats.ClientCert(o.cert, o.key))
	}
	return list
}

// secure has an embedded server ask for the user, and speak TLS to clients and to other servers,
// which have a certificate of the same authority.
func (o *natsOptions) secure(c *embedded.Config) error {
	c.User, c.Password = user()
	if o.cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	if err != nil {
		return fmt.Errorf("cannot use --nats-cert and --nats-key: %w", err)
	}
	c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	c.ClusterTLS = c.TLS.Clone()
	if o.ca == "" {
		return nil
	}
	pool, err := readCA(o.ca)
	if err != nil {
		return fmt.Errorf("--nats-ca: %w", err)
	}
	for _, t := range []*tls.Config{c.TLS, c.ClusterTLS} {
		t.RootCAs, t.ClientCAs, t.ClientAuth = pool, pool, tls.RequireAndVerifyClientCert
	}
	return nil
}

// readCA reads the certificates of authorities.
func readCA(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New(file + " has no certificate in PEM")
	}
	return pool, nil
}
