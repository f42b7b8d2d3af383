package reactor

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A server may change its keys at any time, and ask for the client's to change
// too (RFC 8446, section 4.6.3), which the client answers from within a Read.
// crypto/tls cannot be made to send that, but OpenSSL can.
func TestKeyUpdate(t *testing.T) {
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip(err)
	}
	each(t, 1, func(t *testing.T, d Driver) {
		server := startOpenSSL(t, program, "-tls1_3")
		raw, err := net.Dial("tcp", server.address)
		if err != nil {
			t.Fatal(err)
		}
		conn := tls.Client(d.Wrap(raw), &tls.Config{InsecureSkipVerify: true}) // its key is made for this test
		if err := conn.Handshake(); err != nil {
			t.Fatal(err)
		}
		lines := make(chan string, 16)
		var line []byte
		k := &task{t: t, feed: func(b []byte) {
			for _, c := range b {
				if line = append(line, c); c == '\n' {
					lines <- string(line)
					line = nil
				}
			}
		}}
		k.advance = func(time.Time, bool) (time.Time, bool) {
			if k.advices == 1 {
				k.loop.Attach(conn, nil)
			}
			return time.Time{}, k.fails > 0
		}
		start(d, k)
		// k: new keys of the server's; K: and please of the client's too.
		for _, command := range []string{"", "k", "K", "k", "K", "K"} {
			if command != "" {
				server.say(command)
				server.hear(">>> TLS 1.3, Handshake [length 0005], KeyUpdate")
			}
			server.say("from the server after " + command)
			select {
			case got := <-lines:
				if got != "from the server after "+command+"\n" {
					t.Fatalf("got %q", got)
				}
			case <-k.over:
				t.Fatal("the connection ended")
			}
			if _, err := conn.Write([]byte("from the client after " + command + "\n")); err != nil {
				t.Fatal(err)
			}
			server.hear("from the client after " + command)
		}
		server.end()
		<-k.over
	})
}

// openSSL is a running s_server.
type openSSL struct {
	t       *testing.T
	command *exec.Cmd
	address string
	in      *os.File
	out     *bufio.Scanner
}

func startOpenSSL(t *testing.T, program, version string) *openSSL {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "server.pem")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})...)
	if err := os.WriteFile(file, both, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &openSSL{t: t, command: exec.Command(program, "s_server", "-accept", "127.0.0.1:0",
		"-cert", file, "-key", file, version, "-msg", "-naccept", "1")}
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.command.Stderr = s.command.Stdout
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.command.Stdin, s.in = r, w
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	// One that says something else than was expected would hang the test.
	time.AfterFunc(time.Minute, func() { _ = s.command.Process.Kill() })
	t.Cleanup(func() { w.Close(); _ = s.command.Process.Kill(); _ = s.command.Wait() })
	s.out = bufio.NewScanner(stdout)
	address := regexp.MustCompile(`127\.0\.0\.1:[1-9]\d*`).FindString(s.hear("ACCEPT"))
	if address == "" {
		t.Skip("this OpenSSL does not say where it listens")
	}
	s.address = address
	return s
}

// say types a line.
func (s *openSSL) say(line string) {
	if _, err := s.in.WriteString(line + "\n"); err != nil {
		s.t.Fatal(err)
	}
}

// hear waits for a line that contains text.
func (s *openSSL) hear(text string) string {
	s.t.Helper()
	for s.out.Scan() {
		if strings.Contains(s.out.Text(), text) {
			return s.out.Text()
		}
	}
	s.t.Fatalf("OpenSSL ended without %q", text)
	return ""
}

func (s *openSSL) end() {
	_, _ = s.in.WriteString("Q\n") // fails where it has ended with its one connection
	for s.out.Scan() {
	}
}
