//go:build frontends

package engine_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gatewaytest"
)

// These tests put real programs between an engine and a gateway: what operators run in
// front of theirs, and what TLS libraries other than Go's send. `make frontends` runs them.

// front is a program that listens on an address.
type front struct {
	t       *testing.T
	dir     string // of its files
	address string // that it listens on
	cmd     *exec.Cmd
	args    []string
	output  *logBuffer
	trust   *tls.Config
}

// newFront finds a program, and makes an address and a certificate for it.
func newFront(t *testing.T, program string) *front {
	t.Helper()
	path, err := exec.LookPath(program)
	for _, dir := range []string{"/usr/sbin/", "/usr/bin/"} {
		if err != nil {
			path, err = exec.LookPath(dir + program)
		}
	}
	if err != nil {
		t.Skipf("%s is not installed: apt-get install nginx-light haproxy stunnel4 openssl squid tinyproxy dante-server", program)
	}
	f := &front{t: t, dir: t.TempDir(), address: freeAddress(t), args: []string{path}, output: &logBuffer{}}
	if err := os.Chmod(f.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f.certify()
	return f
}

// freeAddress returns one that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// certify writes cert.pem, with certificate and key.
func (f *front) certify() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		f.t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		f.t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...)
	f.write("cert.pem", string(text))
	cert, _ := x509.ParseCertificate(der)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	f.trust = &tls.Config{RootCAs: roots}
}

// write writes a file, in which DIR, LISTEN and PORT stand for the front's.
func (f *front) write(name, text string) string {
	f.t.Helper()
	_, port, _ := net.SplitHostPort(f.address)
	text = strings.NewReplacer("DIR", f.dir, "LISTEN", f.address, "PORT", port).Replace(text)
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// start starts the program and waits until it listens.
func (f *front) start(args ...string) {
	f.t.Helper()
	f.cmd = exec.Command(f.args[0], args...)
	f.cmd.Stdout, f.cmd.Stderr, f.cmd.WaitDelay = f.output, f.output, 2*time.Second
	// A group of its own, so that its workers end with it.
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := f.cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	cmd := f.cmd
	f.t.Cleanup(func() { kill(cmd) })
	eventually(f.t, fmt.Sprintf("%s listens: %s", f.args[0], f.output), func() bool {
		conn, err := net.Dial("tcp", f.address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// kill ends a program and its workers at once.
func kill(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait()
}

// through is an engine behind a front, with what its log holds.
type through struct {
	*client
	logs logBuffer
	sent int
}

const frontShards = 8

// behind starts a gateway, lets a function put the front before it, and connects.
func behind(t *testing.T, driver engine.Driver, open func(backend string) *front, edit func(*engine.Config)) (*through, *front) {
	t.Helper()
	srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false), gatewaytest.WithShards(frontShards), gatewaytest.WithMaxConcurrency(frontShards),
		gatewaytest.WithGuilds(2, 60_000), gatewaytest.WithReplayLimit(1<<20))
	f := open(strings.TrimPrefix(srv.URL(), "ws://"))
	r := &through{}
	r.client = connect(t, srv, func(c *engine.Config) {
		c.Driver, c.Logger, c.TLS, c.Compression = driver, r.logs.logger(), f.trust, engine.ZlibStream
		c.GatewayURL, c.IgnoreResumeURL = "wss://"+f.address, true
		edit(c)
	})
	r.wait(t, "GUILD_CREATE", func() bool { return r.names["GUILD_CREATE"] == 2*frontShards })
	return r, f
}

// flow sends events to every shard for a while, and disturbs once in between.
func (r *through) flow(t *testing.T, disturb func()) {
	t.Helper()
	for i := range 400 {
		if i == 200 {
			disturb()
		}
		for shard := range frontShards {
			r.srv.Dispatch(shard, "MESSAGE_CREATE", fmt.Appendf(nil, `{"id":"%d","content":"%s"}`, r.sent, strings.Repeat("hello ", i%200)))
			r.sent++
		}
		time.Sleep(time.Millisecond) // the pace of the flow, no verdict
	}
}

// finish wants every event once, and no session lost.
func (r *through) finish(t *testing.T, ends int) {
	t.Helper()
	eventually(t, "all events", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.names["MESSAGE_CREATE"] >= r.sent
	})
	r.check(t, r.srv)
	stats := r.Stats()
	t.Logf("%d events, each once; %d sessions; reconnects: %v", r.sent, len(r.srv.Report().Sessions), stats.Reconnects)
	if n := len(r.srv.Report().Sessions); n != frontShards {
		t.Errorf("%d sessions, want %d: one was lost", n, frontShards)
	}
	if n := int(stats.Reconnects); n < ends {
		t.Errorf("%d connections ended, want at least %d", n, ends)
	}
	r.end(t)
	causes := map[string]int{}
	for line := range strings.Lines(r.logs.String()) {
		if _, cause, ok := strings.Cut(line, `msg="connection ended"`); ok {
			_, cause, _ = strings.Cut(cause, "cause=")
			cause, _, _ = strings.Cut(cause, " was_ready")
			causes[withoutPorts.ReplaceAllString(cause, ":…")]++
		}
	}
	for cause, n := range causes {
		t.Logf("the log, %d times: %s", n, cause)
	}
	if ends > 0 && len(causes) == 0 {
		t.Error("the log says nothing of the ends")
	}
}

// TestFrontNginx: an HTTP proxy with TLS: reloads that cut connections, an end and a new
// start, and its idle timeout.
func TestFrontNginx(t *testing.T) {
	config := func(backend, more string) string {
		return `daemon off; pid DIR/pid; error_log DIR/error.log; worker_processes 2; worker_shutdown_timeout 200ms;
			events { worker_connections 256; }
			http { access_log off; client_body_temp_path DIR/a; proxy_temp_path DIR/b; fastcgi_temp_path DIR/c; uwsgi_temp_path DIR/d; scgi_temp_path DIR/e;
			server { listen LISTEN ssl; ssl_certificate DIR/cert.pem; ssl_certificate_key DIR/cert.pem;
			location / { proxy_pass http://` + backend + `; proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; ` + more + ` } } }`
	}
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		for name, test := range map[string]struct {
			more    string
			disturb func(f *front)
			ends    int
		}{
			"reload": {"", func(f *front) { _ = f.cmd.Process.Signal(syscall.SIGHUP); time.Sleep(time.Second) }, frontShards},
			"kill": {"", func(f *front) {
				kill(f.cmd)
				f.start("-p", f.dir, "-c", filepath.Join(f.dir, "nginx.conf"))
			}, frontShards},
			"idle": {"proxy_read_timeout 500ms;", func(*front) { time.Sleep(1500 * time.Millisecond) }, frontShards},
		} {
			t.Run(name, func(t *testing.T) {
				r, f := behind(t, driver, func(backend string) *front {
					f := newFront(t, "nginx")
					f.start("-p", f.dir, "-c", f.write("nginx.conf", config(backend, test.more)))
					return f
				}, func(*engine.Config) {})
				r.flow(t, func() { test.disturb(f) })
				r.finish(t, test.ends)
			})
		}
	})
}

// TestFrontHAProxy: the same for HAProxy, whose reload starts a new process that ends the
// old one.
func TestFrontHAProxy(t *testing.T) {
	config := func(backend, timeout string) string {
		return "global\n hard-stop-after 300ms\n" +
			"defaults\n mode http\n timeout connect 5s\n timeout client " + timeout + "\n timeout server " + timeout + "\n timeout tunnel " + timeout + "\n" +
			"frontend f\n bind LISTEN ssl crt DIR/cert.pem\n default_backend b\nbackend b\n server s " + backend + "\n"
	}
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		for name, test := range map[string]struct {
			timeout string
			disturb func(f *front)
		}{
			"reload": {"1m", func(f *front) {
				f.start("-f", filepath.Join(f.dir, "haproxy.cfg"), "-sf", fmt.Sprint(f.cmd.Process.Pid))
				time.Sleep(time.Second)
			}},
			"kill": {"1m", func(f *front) {
				kill(f.cmd)
				f.start("-f", filepath.Join(f.dir, "haproxy.cfg"))
			}},
			"idle": {"500ms", func(*front) { time.Sleep(1500 * time.Millisecond) }},
		} {
			t.Run(name, func(t *testing.T) {
				r, f := behind(t, driver, func(backend string) *front {
					f := newFront(t, "haproxy")
					f.start("-f", f.write("haproxy.cfg", config(backend, test.timeout)))
					return f
				}, func(*engine.Config) {})
				r.flow(t, func() { test.disturb(f) })
				r.finish(t, frontShards)
			})
		}
	})
}

// TestFrontStunnel: OpenSSL in front of TCP, killed and started anew, reloaded, idle, with
// resets in place of orderly ends, and with TLS 1.2 alone.
func TestFrontStunnel(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		for name, test := range map[string]struct {
			options string
			disturb func(f *front)
			ends    int
		}{
			"kill": {"", func(f *front) {
				kill(f.cmd)
				f.start(filepath.Join(f.dir, "stunnel.conf"))
			}, frontShards},
			"reload":  {"", func(f *front) { _ = f.cmd.Process.Signal(syscall.SIGHUP) }, 0},
			"idle":    {"TIMEOUTidle = 1\n", func(*front) { time.Sleep(2500 * time.Millisecond) }, frontShards},
			"resets":  {"socket = r:SO_LINGER=1:0\nsocket = l:SO_LINGER=1:0\nsocket = a:SO_LINGER=1:0\nTIMEOUTidle = 1\n", func(*front) { time.Sleep(2500 * time.Millisecond) }, frontShards},
			"TLS 1.2": {"sslVersionMax = TLSv1.2\n", func(*front) {}, 0},
		} {
			t.Run(name, func(t *testing.T) {
				r, f := behind(t, driver, func(backend string) *front {
					f := newFront(t, "stunnel")
					f.start(f.write("stunnel.conf", "foreground = yes\npid =\n"+"[s]\naccept = LISTEN\nconnect = "+backend+"\ncert = DIR/cert.pem\n"+test.options))
					return f
				}, func(*engine.Config) {})
				r.flow(t, func() { test.disturb(f) })
				r.finish(t, test.ends)
			})
		}
	})
}

// TestFrontOpenSSL: what OpenSSL's own server can be told to send: TLS 1.2, padded and tiny
// records, many tickets, and KeyUpdates amid the events. crypto/tls takes 16 records in a
// row without data, so that a server with more tickets cannot be reached; more KeyUpdates
// end the connection, which is resumed.
func TestFrontOpenSSL(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		for name, options := range map[string][]string{
			"TLS 1.2":             {"-tls1_2"},
			"padding":             {"-record_padding", "512"},
			"tiny records":        {"-max_send_frag", "512", "-split_send_frag", "512"},
			"tiny, TLS 1.2":       {"-tls1_2", "-max_send_frag", "512", "-split_send_frag", "512"},
			"tickets":             {"-num_tickets", "16"},
			"all":                 {"-record_padding", "300", "-max_send_frag", "512", "-num_tickets", "4"},
			"KeyUpdate":           {"-record_padding", "64"},
			"KeyUpdates in a row": {},
		} {
			t.Run(name, func(t *testing.T) {
				updates := 0
				ends := 0
				switch name {
				case "KeyUpdate":
					updates = 10
				case "KeyUpdates in a row": // crypto/tls takes 16 without data in between
					updates, ends = 20, frontShards
				}
				var o *opensslServers
				r, _ := behind(t, driver, func(backend string) *front {
					f := newFront(t, "openssl")
					o = &opensslServers{front: f, backend: backend, options: options, updates: updates > 0}
					t.Cleanup(o.end)
					return f
				}, func(c *engine.Config) { c.Dial = o.dial })
				r.flow(t, func() {
					for range updates {
						o.update()
						time.Sleep(20 * time.Millisecond) // a line of its own for each
					}
				})
				r.finish(t, ends)
				if updates > 0 {
					// s_server reports them when it flushes its output, at the latest when it ends.
					eventually(t, "reports of KeyUpdates", func() bool { return o.updated() >= updates*frontShards/2 })
					t.Logf("%d KeyUpdates", o.updated())
				}
			})
		}
	})
}

// opensslServers dials to an openssl s_server of its own for each connection. One server is
// a pipe between TLS and its standard input and output, which are joined to the backend.
type opensslServers struct {
	front   *front
	backend string
	options []string
	updates bool // takes commands on its input: a line that begins with k sends a KeyUpdate

	mu     sync.Mutex
	cmds   []*exec.Cmd
	inputs []*commandInput
	count  int // of KeyUpdates that were reported
	ends   sync.WaitGroup
}

// updateReport is what s_server writes amid the data when it has sent a KeyUpdate.
var updateReport = []byte("SSL_do_handshake -> 1\n")

func (o *opensslServers) dial(ctx context.Context, network, asked string) (net.Conn, error) {
	if asked != o.front.address { // the API
		return new(net.Dialer).DialContext(ctx, network, asked)
	}
	address := freeAddress(o.front.t)
	pem := filepath.Join(o.front.dir, "cert.pem")
	args := append([]string{"s_server", "-accept", address, "-naccept", "1", "-cert", pem, "-key", pem}, o.options...)
	if !o.updates {
		args = append(args, "-quiet")
	}
	cmd := exec.Command(o.front.args[0], args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	far, err := net.Dial("tcp", o.backend)
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	input := &commandInput{w: in}
	o.mu.Lock()
	o.cmds, o.inputs = append(o.cmds, cmd), append(o.inputs, input)
	o.mu.Unlock()
	o.ends.Go(func() { _, _ = io.Copy(input, far); _ = in.Close() })
	o.ends.Go(func() { o.forward(far, out); _ = far.Close(); _ = cmd.Wait() })
	for { // until it listens; a connection that is made is the only one
		if conn, err := net.Dial(network, address); err == nil || ctx.Err() != nil {
			return conn, err
		}
		time.Sleep(time.Millisecond)
	}
}

// forward copies what came over TLS, without what s_server says in front of it and amid it.
func (o *opensslServers) forward(w io.Writer, r io.Reader) {
	buf := make([]byte, 64<<10)
	began := !o.updates
	var early []byte
	for {
		n, err := r.Read(buf)
		b := buf[:n]
		if !began {
			early = append(early, b...)
			i := bytes.Index(early, []byte("GET /"))
			if i < 0 && err == nil {
				continue
			}
			b, began = early[max(i, 0):], true
		}
		if o.updates {
			if found := bytes.Count(b, updateReport); found > 0 {
				b = bytes.ReplaceAll(b, updateReport, nil)
				o.mu.Lock()
				o.count += found
				o.mu.Unlock()
			}
		}
		if _, werr := w.Write(b); err != nil || werr != nil {
			return
		}
	}
}

// update has every live connection send a KeyUpdate.
func (o *opensslServers) update() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, in := range o.inputs {
		in.command("k\n")
	}
}

func (o *opensslServers) updated() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count
}

func (o *opensslServers) end() {
	o.mu.Lock()
	for _, cmd := range o.cmds {
		_ = cmd.Process.Kill()
	}
	o.mu.Unlock()
	o.ends.Wait()
}

// commandInput is a server's standard input. A command must be a read of its own.
type commandInput struct {
	mu sync.Mutex
	w  io.Writer
}

func (c *commandInput) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.w.Write(b)
}

func (c *commandInput) command(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	time.Sleep(5 * time.Millisecond) // until what was written before is read
	_, _ = io.WriteString(c.w, s)
	time.Sleep(5 * time.Millisecond)
}

// TestFrontProxies: Debian's proxies, with TLS through them.
func TestFrontProxies(t *testing.T) {
	for program, test := range map[string]struct {
		scheme, config, name string
		args                 []string
	}{
		"squid":      {"http", "http_port LISTEN\nhttp_access allow all\ncache deny all\npid_filename none\naccess_log none\ncache_log DIR/log\ncoredump_dir DIR\nshutdown_lifetime 0 seconds\nmax_filedescriptors 1024\n", "conf", []string{"-N", "-f"}},
		"tinyproxy":  {"http", "Port PORT\nListen 127.0.0.1\nTimeout 60\nBasicAuth user secret\n", "conf", []string{"-d", "-c"}},
		"danted":     {"socks5", "internal: 127.0.0.1 port = PORT\nexternal: lo\nsocksmethod: none\nclientmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\nclient pass { from: 0/0 to: 0/0 }\nsocks pass { from: 0/0 to: 0/0 }\n", "conf", []string{"-f"}},
		"microsocks": {"socks5", "", "", nil},
	} {
		t.Run(program, func(t *testing.T) {
			f := newFront(t, program)
			args := test.args
			proxy := &url.URL{Scheme: test.scheme, Host: f.address}
			switch program {
			case "microsocks":
				_, port, _ := net.SplitHostPort(f.address)
				args = []string{"-i", "127.0.0.1", "-p", port, "-u", "user", "-P", "secret"}
				proxy.User = url.UserPassword("user", "secret")
			case "tinyproxy":
				proxy.User = url.UserPassword("user", "secret")
				fallthrough
			default:
				args = append(args, f.write(test.name, test.config))
			}
			f.start(args...)
			srv := gatewaytest.NewServer(t, gatewaytest.WithShards(frontShards), gatewaytest.WithMaxConcurrency(frontShards), gatewaytest.WithReplayLimit(1<<20))
			r := &through{}
			r.client = connect(t, srv, func(c *engine.Config) {
				c.Logger = r.logs.logger()
				c.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil }
			})
			r.wait(t, "READY", func() bool { return r.names["READY"] == frontShards })
			r.flow(t, func() {
				for shard := range frontShards {
					r.srv.Reconnect(shard)
				}
			})
			r.finish(t, frontShards)
			if strings.Contains(r.logs.String(), "secret") {
				t.Error("the password is told")
			}
		})
	}
}

// withoutPorts has causes that differ in ports alone count as one.
var withoutPorts = regexp.MustCompile(`:\d+\b`)
