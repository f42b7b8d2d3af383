//go:build !plan9 && !aix

// Package embedded runs a NATS server with JetStream in the process itself, so that a fleet
// needs no other program: one server to try things out, three or more as a cluster.
//
//	server, err := embedded.Start(embedded.Config{Dir: "nats"})
//	…
//	defer server.Close()
//	f, err := fleet.Join(ctx, fleet.Config{NATS: server.URL(), …})
//
// A server that leads the fleet's bucket goes with its process. The others elect another within
// 4 to 9 s; meanwhile nothing moves, and the shards that run go on.
package embedded

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Config is what [Start] takes.
type Config struct {
	// Name names the server, and must differ from those of the others in a cluster. Default:
	// a random one.
	Name string

	// Listen is the address for clients, as host:port. Default: a free port of 127.0.0.1.
	Listen string

	// Cluster is the address for the other servers of a cluster, as host:port. Default: this
	// server is alone.
	Cluster string

	// Join has the Cluster addresses of the others, one at least that runs; the rest is
	// learned.
	Join []string

	// Dir is where JetStream keeps its files. Required: a server that comes back without them
	// has lost the bucket, which its users then write anew.
	Dir string

	// User and Password are asked of clients and of other servers, if they are set. Without
	// them anybody who reaches the address may read sessions: listen on a private network.
	User, Password string

	// TLS is for clients, ClusterTLS for the other servers. Default: none.
	TLS, ClusterTLS *tls.Config

	// StartTimeout is how long the server may take until it accepts clients. Default 10 s.
	StartTimeout time.Duration
}

// Server is a NATS server in this process.
type Server struct{ *server.Server }

// clusterName is that of all clusters: servers of another are refused.
const clusterName = "sluice"

// Start starts a server and waits until it accepts clients.
func Start(config Config) (*Server, error) {
	if config.Dir == "" {
		return nil, errors.New("embedded: Config.Dir is empty; name a directory for the server's files")
	}
	if config.Cluster == "" && len(config.Join) > 0 {
		return nil, errors.New("embedded: Config.Join is set without Config.Cluster; name the address for other servers too")
	}
	o := &server.Options{
		ServerName: config.Name, JetStream: true, StoreDir: config.Dir,
		NoSigs: true, NoLog: true, DontListen: false,
		Username: config.User, Password: config.Password, TLSConfig: config.TLS, TLS: config.TLS != nil,
	}
	var err error
	if o.Host, o.Port, err = split(config.Listen); err != nil {
		return nil, err
	}
	if config.Cluster != "" {
		o.Cluster.Name = clusterName
		if o.Cluster.Host, o.Cluster.Port, err = split(config.Cluster); err != nil {
			return nil, err
		}
		o.Cluster.Username, o.Cluster.Password, o.Cluster.TLSConfig = config.User, config.Password, config.ClusterTLS
		for _, address := range config.Join {
			u := &url.URL{Scheme: "nats", Host: address}
			if config.User != "" {
				u.User = url.UserPassword(config.User, config.Password)
			}
			o.Routes = append(o.Routes, u)
		}
		if config.Name == "" {
			o.ServerName = "sluice-" + strings.NewReplacer(":", "-", ".", "-").Replace(config.Cluster)
		}
	}
	if err := usable(config); err != nil {
		return nil, err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	s.Start()
	timeout := config.StartTimeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	if !s.ReadyForConnections(timeout) {
		s.Shutdown()
		return nil, fmt.Errorf("embedded: the NATS server did not start within %v; the address %s may be in use, or %s not writable", timeout, config.Listen, config.Dir)
	}
	return &Server{s}, nil
}

// usable says why a server could not start: it would not say so itself.
func usable(config Config) error {
	for field, address := range map[string]string{"Listen": config.Listen, "Cluster": config.Cluster} {
		if address == "" {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("embedded: cannot listen on Config.%s: %w; if another program does, end it or choose another address", field, err)
		}
		_ = l.Close()
	}
	err := os.MkdirAll(config.Dir, 0o750)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(config.Dir, "writable"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("embedded: cannot write into Config.Dir: %w", err)
	}
	return nil
}

// URL returns where clients reach the server.
func (s *Server) URL() string { return s.ClientURL() }

// Close stops the server, and waits for it. Leadership goes to another server first.
func (s *Server) Close() {
	s.Shutdown()
	s.WaitForShutdown()
}

// split reads an address; "" is a free port of this machine's own.
func split(address string) (host string, port int, err error) {
	if address == "" {
		return "127.0.0.1", server.RANDOM_PORT, nil
	}
	host, service, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(service)
	}
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("embedded: %q is no address; want host:port", address)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}
