//go:build !plan9 && !aix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/fleet/embedded"
)

// TestSecure: an embedded server with a user and TLS takes clients with the same flags, and no others.
func TestSecure(t *testing.T) {
	t.Setenv("NATS_USER", "fleet")
	t.Setenv("NATS_PASSWORD", "secret")
	o := &natsOptions{}
	o.ca, o.cert, o.key = certificate(t)
	c := embedded.Config{Dir: t.TempDir()}
	if err := o.secure(&c); err != nil {
		t.Fatal(err)
	}
	server, err := embedded.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	conn, err := nats.Connect(server.URL(), o.options()...)
	if err != nil {
		t.Fatal(err)
	}
	if !conn.TLSRequired() {
		t.Error("without TLS")
	}
	conn.Close()
	for what, options := range map[string][]nats.Option{
		"no user":        {nats.RootCAs(o.ca), nats.ClientCert(o.cert, o.key)},
		"no certificate": {nats.RootCAs(o.ca), nats.UserInfo("fleet", "secret")},
		"no authority":   {nats.UserInfo("fleet", "secret"), nats.ClientCert(o.cert, o.key)},
	} {
		if conn, err := nats.Connect(server.URL(), options...); err == nil {
			conn.Close()
			t.Errorf("%s: let in", what)
		}
	}
	if err := (&natsOptions{ca: o.ca, cert: o.ca, key: o.ca}).secure(&c); err == nil {
		t.Error("a certificate as its key was taken")
	}
}

// certificate writes a certificate for this machine, of an authority of its own.
func certificate(t *testing.T) (ca, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, b []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	cert = write("cert.pem", "CERTIFICATE", der)
	return cert, cert, write("key.pem", "EC PRIVATE KEY", secret)
}
