package gatewaytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// identity is the server's TLS identity: a throw-away authority and a leaf that it signed.
type identity struct {
	authority *x509.Certificate
	chain     tls.Certificate
}

// longChainNames is how many names pad each of the two certificates of a long chain.
const longChainNames = 36

// newIdentity makes keys and certificates for the loopback addresses and host. A long chain
// has an intermediate authority, and many names in both certificates.
func newIdentity(host string, long bool) (*identity, error) {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	authority, err := sign(authorityTemplate("gatewaytest authority"), nil, authorityKey, authorityKey)
	if err != nil {
		return nil, err
	}
	issuer, issuerKey := authority, authorityKey
	var intermediates [][]byte
	leaf := leafTemplate(host)
	if long {
		template := authorityTemplate("gatewaytest intermediate authority")
		pad(template)
		pad(leaf)
		issuerKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		if issuer, err = sign(template, authority, issuerKey, authorityKey); err != nil {
			return nil, err
		}
		intermediates = append(intermediates, issuer.Raw)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	signed, err := sign(leaf, issuer, key, issuerKey)
	if err != nil {
		return nil, err
	}
	return &identity{
		authority: authority,
		chain: tls.Certificate{
			Certificate: append([][]byte{signed.Raw}, intermediates...),
			PrivateKey:  key,
			Leaf:        signed,
		},
	}, nil
}

// sign makes a certificate for key; a nil parent means self-signed.
func sign(template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(30 * 24 * time.Hour)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func authorityTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
}

func leafTemplate(host string) *x509.Certificate {
	leaf := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "gatewaytest"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		DNSNames:    []string{"localhost"},
	}
	if ip := net.ParseIP(host); ip == nil && host != "" && host != "localhost" {
		leaf.DNSNames = append(leaf.DNSNames, host)
	} else if ip != nil && !ip.IsLoopback() {
		leaf.IPAddresses = append(leaf.IPAddresses, ip)
	}
	return leaf
}

func pad(c *x509.Certificate) {
	for i := range longChainNames {
		c.DNSNames = append(c.DNSNames, fmt.Sprintf("gateway-%02d.region.gatewaytest.example", i))
	}
}

// server returns the configuration of the listening side. HTTP/2 is not offered: an upgrade to
// WebSocket begins with HTTP/1.1.
func (id *identity) server() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{id.chain},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}
}

// client returns a configuration that trusts the authority and nobody else.
func (id *identity) client() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(id.authority)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

func (id *identity) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: id.authority.Raw})
}
