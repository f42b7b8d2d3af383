//go:build !safe

package lend

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"time"
)

// errDry is what a read finds where nothing has come, as in an event loop. It is
// temporary, so that crypto/tls does not keep it.
var errDry net.Error = dry{}

type dry struct{}

func (dry) Error() string   { return "nothing to read" }
func (dry) Timeout() bool   { return true }
func (dry) Temporary() bool { return true }

// flow is what goes one way of a connection in memory.
type flow struct {
	mu    sync.Mutex
	more  sync.Cond
	b     []byte
	dry   bool // a read that finds nothing does not wait
	ended bool
}

func newFlow() *flow {
	f := &flow{}
	f.more.L = &f.mu
	return f
}

func (f *flow) read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.b) == 0 {
		switch {
		case f.ended:
			return 0, io.EOF
		case f.dry:
			return 0, errDry
		}
		f.more.Wait()
	}
	n := copy(p, f.b)
	f.b = f.b[n:]
	return n, nil
}

func (f *flow) write(p []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.b = append(f.b, p...)
	f.more.Signal()
}

// take returns what has not been read, and from then on reads do not wait.
func (f *flow) take() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.b
	f.b, f.dry = nil, true
	return b
}

func (f *flow) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.more.Signal()
}

// end is one end of a connection in memory.
type end struct {
	net.Conn // a pipe's, for deadlines and addresses alone
	in, out  *flow
}

func (e *end) Read(p []byte) (int, error) { return e.in.read(p) }

func (e *end) Write(p []byte) (int, error) {
	e.out.write(p)
	return len(p), nil
}

// peers are the two sides of all connections over one version of TLS. The second
// connection and later ones resume the session of the first, which costs less.
type peers struct {
	client, server *tls.Config
	keys           bytes.Buffer // the key log
}

// identity makes a certificate for one run. Nobody trusts it, and nobody has to: both
// sides are here.
func identity() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

func newPeers(certificate tls.Certificate, version uint16) *peers {
	// P-256 costs the least, and FIPS 140-3 allows it.
	curves := []tls.CurveID{tls.CurveP256}
	p := &peers{}
	p.server = &tls.Config{
		Certificates: []tls.Certificate{certificate}, CurvePreferences: curves,
		MinVersion: version, MaxVersion: version, KeyLogWriter: &p.keys,
		DynamicRecordSizingDisabled: true, // for the longest record
	}
	p.client = &tls.Config{
		ServerName: "self-test", InsecureSkipVerify: true, CurvePreferences: curves,
		MinVersion: version, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	return p
}

// pair is a TLS connection in memory, after the handshake.
type pair struct {
	*peers
	client, server     *tls.Conn
	toClient, toServer *flow
}

// connect makes a pair.
func (c *peers) connect() (*pair, error) {
	p := &pair{peers: c, toClient: newFlow(), toServer: newFlow()}
	a, b := net.Pipe()
	p.server = tls.Server(&end{Conn: b, in: p.toServer, out: p.toClient}, c.server)
	p.client = tls.Client(&end{Conn: a, in: p.toClient, out: p.toServer}, c.client)
	result := make(chan error, 1)
	go func() {
		err := p.server.Handshake()
		if err != nil {
			p.toClient.end()
		}
		result <- err
	}()
	err := p.client.Handshake()
	if err != nil {
		p.toServer.end()
	}
	if far := <-result; err == nil {
		err = far
	}
	if err != nil {
		return nil, fmt.Errorf("no handshake: %w", err)
	}
	p.toServer.take()
	p.toClient.take()
	return p, nil
}

// sent returns what the server writes while write runs.
func (p *pair) sent(write func() error) ([]byte, error) {
	err := write()
	return p.toClient.take(), err
}
