package clients

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// bridgeToken returns what bots show to the bridge. Some take their own id from it: its first part is that of Discord's.
func bridgeToken(srv *gatewaytest.Server) string {
	id, _, _ := strings.Cut(srv.Token(), ".")
	return id + ".bridge.a-token-of-the-bridge-alone"
}

// bridgeProgram is the command, built once.
var bridgeProgram struct {
	once sync.Once
	file string
	err  error
}

// buildBridge returns the command's file.
func buildBridge(t *testing.T) string {
	t.Helper()
	b := &bridgeProgram
	b.once.Do(func() {
		root, err := cacheRoot()
		if err != nil {
			b.err = err
			return
		}
		b.file = filepath.Join(root, "bridge", "sluice.exe") // any system runs that
		b.err = run("../../cmd/sluice", "go", "build", "-o", b.file, ".")
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.file
}

// bridged is a process of sluice serve, and what its log says; or several, one after another.
type bridged struct {
	t       *testing.T
	secrets []string // must not be logged
	args    []string
	env     []string
	data    string // directory
	cmd     *exec.Cmd
	address string // where it listens

	mu         sync.Mutex
	changed    chan struct{}
	rest       []byte // of a line that is not whole
	identified []time.Time
	session    string // the last that began
	resumed    int
	relay      *relay // in front, which is told who has a session
	log        strings.Builder
	file       io.Writer // the whole log, if -logs asks for it
}

// startBridge runs sluice serve with srv in the place of Discord, until the test ends.
func startBridge(t *testing.T, srv *gatewaytest.Server, relay *relay, flags ...string) *bridged {
	t.Helper()
	dir := t.TempDir()
	bots := filepath.Join(dir, "bots")
	if err := os.WriteFile(bots, []byte("bot "+bridgeToken(srv)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := &bridged{
		t: t, relay: relay, file: logTo(t, "bridge"), secrets: []string{srv.Token(), bridgeToken(srv)}, changed: make(chan struct{}), env: append(os.Environ(), "DISCORD_TOKEN="+srv.Token()),
		data: filepath.Join(dir, "data"),
		args: append([]string{
			"serve", "--log-level=debug", "--bots=" + bots, "--data=" + filepath.Join(dir, "data"), "--api-url=" + srv.APIURL(),
			"--pass-rest", "--pass-to=" + strings.TrimSuffix(srv.APIURL(), "/api/v10"), fmt.Sprintf("--intents=%d", gateway.IntentsAll),
		}, flags...),
	}
	t.Cleanup(b.end)
	b.start("127.0.0.1:0")
	return b
}

// start starts the process, and waits until it listens on an address.
func (b *bridged) start(address string) {
	b.t.Helper()
	b.address = ""
	b.cmd = exec.Command(buildBridge(b.t), append(b.args, "--listen="+address)...)
	b.cmd.Env = b.env
	b.cmd.Stderr = io.MultiWriter(writer(b.read), b.file)
	if err := b.cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	if err := b.until(wait(b.t, *patience), func() bool { return b.address != "" }); err != nil {
		b.t.Fatalf("sluice serve does not listen: %v", err)
	}
}

// kept reports whether the bot's session that began last, and the bridge's at Discord, outlive the process.
func (b *bridged) kept() bool {
	if info, err := os.Stat(filepath.Join(b.data, "sessions.json")); err != nil || info.Size() == 0 {
		return false // the sessions at Discord are saved a moment after they begin
	}
	b.mu.Lock()
	session := b.session
	b.mu.Unlock()
	journals, err := filepath.Glob(filepath.Join(b.data, "*.journal"))
	for _, name := range journals {
		if body, readErr := os.ReadFile(name); readErr == nil && bytes.Contains(body, []byte(session)) {
			return true
		}
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return false
}

// kill ends the process, which cannot do anything about it.
func (b *bridged) kill() {
	_ = b.cmd.Process.Kill() // it may have ended
	_ = b.cmd.Wait()         // it was killed
}

// end ends the process at the end of the test.
func (b *bridged) end() {
	b.kill()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.t.Failed() {
		b.t.Logf("sluice serve: %s", b.log.String())
	}
	for _, secret := range b.secrets {
		if strings.Contains(b.log.String(), secret) {
			b.t.Error("sluice serve has logged a token")
		}
	}
}

// read takes what the process writes to its standard error.
func (b *bridged) read(text []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.log.Len() < 1<<20 {
		b.log.Write(text)
	}
	b.rest = append(b.rest, text...)
	for {
		line, rest, whole := bytes.Cut(b.rest, []byte("\n"))
		if !whole {
			break
		}
		b.take(string(line))
		b.rest = rest
	}
	close(b.changed)
	b.changed = make(chan struct{})
}

// take takes a line of the log. mu is held.
func (b *bridged) take(line string) {
	switch {
	case strings.Contains(line, "bots may connect"):
		b.address = field(line, "address")
	case strings.Contains(line, "a session begins"):
		b.identified = append(b.identified, time.Now())
		b.session = field(line, "session")
		b.relay.seat(b.session, field(line, "peer"))
	case strings.Contains(line, "a session goes on"):
		b.resumed++
		b.relay.seat(field(line, "session"), field(line, "peer"))
	case strings.Contains(line, "a session is over"):
		b.relay.unseat(field(line, "peer"))
	}
}

// field returns the value of a key of a line of the log.
func field(line, key string) string {
	_, value, _ := strings.Cut(line, " "+key+"=")
	value, _, _ = strings.Cut(value, " ")
	return value
}

// until waits until the condition, which can change with each line of the log, is true. It is called with mu held.
func (b *bridged) until(ctx context.Context, condition func() bool) error {
	for {
		b.mu.Lock()
		changed, is := b.changed, condition()
		b.mu.Unlock()
		if is {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// counts returns how often bots have identified, and resumed.
func (b *bridged) counts() (identified, resumed int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.identified), b.resumed
}

// certify writes a certificate for 127.0.0.1 of an authority of its own, and returns the flags that have sluice
// serve use it.
func certify(t *testing.T) (flags []string, ca []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(template, parent *x509.Certificate) []byte {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
		cert, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: sign(authority, authority)})
	cert := sign(&x509.Certificate{ // no authority itself, which rustls refuses
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "bridge"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, authority)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range []struct {
		name, kind string
		der        []byte
	}{{"cert", "CERTIFICATE", cert}, {"key", "PRIVATE KEY", private}} {
		file := filepath.Join(dir, f.name+".pem")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), 0o600); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "--"+f.name+"="+file)
	}
	return flags, ca
}
