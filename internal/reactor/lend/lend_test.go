//go:build !safe

package lend

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// This test is meant to fail on a new version of Go: run the tests of this
// package and of reactor on it, and when they pass add it to the list in
// fields.go. Until then loops read without lending, which costs memory and an
// allocation a read, and nothing else.
func TestThisVersionIsTested(t *testing.T) {
	if why := Supported(); why != "" {
		t.Fatalf("records cannot be lent on %s: %s", runtime.Version(), why)
	}
}

func TestLocateRefuses(t *testing.T) {
	buffer, reader, other := reflect.TypeFor[bytes.Buffer](), reflect.TypeFor[bytes.Reader](), reflect.TypeFor[[]byte]()
	conn := func(rawInput, input, hand reflect.Type) reflect.Type {
		var fields []reflect.StructField
		for name, t := range map[string]reflect.Type{"rawInput": rawInput, "input": input, "hand": hand} {
			if t != nil {
				fields = append(fields, reflect.StructField{Name: name, PkgPath: "crypto/tls", Type: t})
			}
		}
		return reflect.StructOf(fields)
	}
	good := reflect.TypeFor[tls.Conn]()
	raw, input, hand := rawOffset, inputOffset, handOffset
	defer func() { rawOffset, inputOffset, handOffset = raw, input, hand }()
	for name, c := range map[string]struct {
		conn    reflect.Type
		version string
	}{
		"no rawInput":      {conn(nil, reader, buffer), "go1.26.8"},
		"no input":         {conn(buffer, nil, buffer), "go1.26.8"},
		"no hand":          {conn(buffer, reader, nil), "go1.26.8"},
		"other rawInput":   {conn(other, reader, buffer), "go1.26.8"},
		"other input":      {conn(buffer, other, buffer), "go1.26.8"},
		"other hand":       {conn(buffer, reader, other), "go1.26.8"},
		"newer version":    {good, "go1.27"},
		"similar version":  {good, "go1.260"},
		"development":      {good, "devel go1.27-abcdef"},
		"release of later": {good, "go1.27rc1"},
	} {
		if why := locate(c.conn, c.version); why == "" {
			t.Errorf("%s: accepted", name)
		}
	}
	if why := locate(conn(buffer, reader, buffer), "go1.26"); why != "" {
		t.Errorf("fields as they should be: %s", why)
	}
	for _, version := range []string{"go1.26", "go1.26.8", "go1.26-custom", "go1.26.3 X:nodwarf5"} {
		if why := locate(good, version); why != "" {
			t.Errorf("%s: %s", version, why)
		}
	}
}

// tap is the connection beneath the client: nothing is read from it once it is
// dry.
type tap struct {
	net.Conn
	dry bool // set when nobody reads
	got int  // bytes
	far *recorder
}

// recorder is the connection beneath the server. Once it records, what is written
// does not reach the client.
type recorder struct {
	net.Conn
	sent     int // bytes
	record   bool
	recorded []byte
}

func (c *recorder) Write(b []byte) (int, error) {
	if c.record {
		c.recorded = append(c.recorded, b...)
		return len(b), nil
	}
	n, err := c.Conn.Write(b)
	c.sent += n
	return n, err
}

var errDry = dryError{}

type dryError struct{}

func (dryError) Error() string   { return "dry" }
func (dryError) Timeout() bool   { return true }
func (dryError) Temporary() bool { return true }

func (c *tap) Read(b []byte) (int, error) {
	if c.dry {
		return 0, errDry
	}
	n, err := c.Conn.Read(b)
	c.got += n
	return n, err
}

// connect returns a client whose handshake is done, on a tap that is dry, and the
// server. Whatever the server writes can be read with ciphertext.
func connect(t *testing.T, version uint16) (client *tls.Conn, server *tls.Conn, beneath *tap) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	near, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	beneath = &tap{Conn: near, far: &recorder{Conn: far}}
	server = tls.Server(beneath.far, &tls.Config{MaxVersion: version,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	client = tls.Client(beneath, &tls.Config{ServerName: "test", RootCAs: roots, MaxVersion: version})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	beneath.dry = true
	// Session tickets that the client has not read yet come first.
	beneath.far.record = true
	beneath.far.recorded = make([]byte, beneath.far.sent-beneath.got)
	if _, err := io.ReadFull(near, beneath.far.recorded); err != nil {
		t.Fatal(err)
	}
	return client, server, beneath
}

// ciphertext returns what the server writes while write runs, behind what it
// wrote before.
func ciphertext(beneath *tap, write func()) []byte {
	write()
	b := beneath.far.recorded
	beneath.far.recorded = nil
	return b
}

// A receiver does what a loop does: it lends whole records out of one buffer.
type receiver struct {
	client *tls.Conn
	door   Conn
	buf    []byte
	rest   []byte
	plain  []byte
	got    []byte
	err    error
}

func newReceiver(client *tls.Conn) *receiver {
	r := &receiver{client: client, door: Of(client), buf: make([]byte, 128<<10), plain: make([]byte, 32<<10)}
	for r.door.Pending() > 0 {
		n, _ := client.Read(r.plain)
		r.got = append(r.got, r.plain[:n]...)
	}
	r.rest = bytes.Clone(r.door.Ahead())
	r.door.Return()
	return r
}

func (r *receiver) receive(b []byte) {
	n := copy(r.buf, r.rest)
	n += copy(r.buf[n:], b)
	whole := 0
	for n-whole >= 5 {
		size := 5 + (int(r.buf[whole+3])<<8 | int(r.buf[whole+4]))
		if n-whole < size {
			break
		}
		whole += size
	}
	behind := bytes.Clone(r.buf[whole:n])
	if whole > 0 {
		r.door.Lend(r.buf[: whole : whole+Slack])
		for len(r.door.Ahead()) > 0 && r.err == nil {
			m, err := r.client.Read(r.plain)
			r.got = append(r.got, r.plain[:m]...)
			if err != nil && !errors.Is(err, errDry) {
				r.err = err
			}
		}
		if r.door.Pending() != 0 {
			panic("plaintext was left although there was room for a record")
		}
		r.door.Return()
	}
	if !bytes.Equal(behind, r.buf[whole:n]) {
		panic("bytes behind the lent records were written")
	}
	r.rest = behind
}

func versions(t *testing.T, test func(t *testing.T, version uint16)) {
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) { test(t, version) })
	}
}

// Records of every size class, many of them, in every kind of split.
func TestLend(t *testing.T) {
	versions(t, func(t *testing.T, version uint16) {
		client, server, beneath := connect(t, version)
		r := newReceiver(client)
		var want []byte
		random := mathrand.New(mathrand.NewPCG(1, uint64(version)))
		sizes := []int{1, 2, 100, 820, 5000, 16383, 16384, 16385, 40_000}
		for round := range 6 {
			var sent []byte
			cipher := ciphertext(beneath, func() {
				for range 4 {
					for _, size := range sizes {
						p := make([]byte, size)
						for i := range p {
							p[i] = byte(random.Uint32())
						}
						sent = append(sent, p...)
						if _, err := server.Write(p); err != nil {
							t.Error(err)
						}
					}
				}
			})
			want = append(want, sent...)
			for len(cipher) > 0 {
				n := []int{1, 3, 1 + random.IntN(100), 1 + random.IntN(2000), 1 + random.IntN(60_000), 64 << 10}[round]
				if round < 2 && len(cipher) > 70_000 {
					n = 30_000 // byte by byte only the rest: the whole would take minutes under race
				}
				n = min(n, len(cipher))
				r.receive(cipher[:n])
				cipher = cipher[n:]
			}
			if r.err != nil {
				t.Fatal(r.err)
			}
			if !bytes.Equal(r.got, want) {
				t.Fatalf("round %d: %d bytes arrived, %d were sent, equal up to %d", round, len(r.got), len(want), common(r.got, want))
			}
		}
	})
}

func common(a, b []byte) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// close_notify behind data, in one read, must be seen, and be an orderly end.
func TestLendCloseNotify(t *testing.T) {
	versions(t, func(t *testing.T, version uint16) {
		client, server, beneath := connect(t, version)
		r := newReceiver(client)
		r.receive(ciphertext(beneath, func() {
			_, _ = server.Write([]byte("the last words"))
			_ = server.CloseWrite()
		}))
		if string(r.got) != "the last words" {
			t.Fatalf("got %q", r.got)
		}
		if r.err == nil {
			_, r.err = client.Read(r.plain)
		}
		if r.err != io.EOF {
			t.Fatalf("the error is %v, want EOF", r.err)
		}
	})
}

// A record that was tampered with must fail, and stay failed.
func TestLendCorrupt(t *testing.T) {
	versions(t, func(t *testing.T, version uint16) {
		client, server, beneath := connect(t, version)
		r := newReceiver(client)
		cipher := ciphertext(beneath, func() { _, _ = server.Write([]byte("data")) })
		cipher[len(cipher)-1] ^= 1
		r.receive(cipher)
		if r.err == nil || !strings.Contains(r.err.Error(), "bad record MAC") {
			t.Fatalf("the error is %v", r.err)
		}
		if len(r.got) != 0 {
			t.Fatalf("got %q", r.got)
		}
	})
}

// Session tickets come after the handshake, as records without application data.
func TestLendTickets(t *testing.T) {
	client, server, beneath := connect(t, tls.VersionTLS13)
	r := newReceiver(client)
	r.receive(ciphertext(beneath, func() { _, _ = server.Write([]byte("behind the tickets")) }))
	if r.err != nil || string(r.got) != "behind the tickets" {
		t.Fatalf("got %q, %v", r.got, r.err)
	}
}

// A connection to which records are lent must keep no buffer and not allocate.
func TestLendAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	client, server, beneath := connect(t, tls.VersionTLS13)
	r := newReceiver(client)
	const runs = 50
	cipher := ciphertext(beneath, func() {
		for range runs + 1 {
			_, _ = server.Write(make([]byte, 1000))
		}
	})
	buf := make([]byte, 4096)
	at := 0
	next := func() {
		size := 5 + (int(cipher[at+3])<<8 | int(cipher[at+4]))
		n := copy(buf, cipher[at:at+size])
		at += size
		r.door.Lend(buf[: n : n+Slack])
		if _, err := client.Read(r.plain); err != nil && !errors.Is(err, errDry) {
			t.Fatal(err)
		}
		r.door.Return()
	}
	next()
	if allocs := testing.AllocsPerRun(runs-2, next); allocs != 0 {
		t.Errorf("%v allocations a record", allocs)
	}
	for _, name := range []string{"rawInput", "hand"} {
		if n := reflect.ValueOf(client).Elem().FieldByName(name).FieldByName("buf").Cap(); n != 0 {
			t.Errorf("the connection kept %d bytes in %s", n, name)
		}
	}
}
