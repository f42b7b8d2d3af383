package demo

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync/atomic"

	"github.com/sluice-go/sluice/internal/descriptors"
)

// This file is what thousands of connections on one machine need of the system.

const (
	// spareDescriptors is what a process needs beside one for each connection:
	// files, loops, and connections that are under way while others end.
	spareDescriptors = 500

	// connectionsOfAddress is how many connections come from one address: Linux
	// has some 28,000 ports for them, of which others need a few.
	connectionsOfAddress = 20_000
)

// reserveDescriptors raises the limit on open files as far as so many shards need,
// for this process and the child, the hard limit too where that is allowed. The error says what to do where the system
// refuses.
func reserveDescriptors(shards int) error {
	need := uint64(shards) + spareDescriptors
	limit, err := descriptors.RaiseHard(need)
	if err != nil {
		return fmt.Errorf("--shards %d needs %d open files, and the system allows %d (%w): raise the hard limit, as with ulimit -Hn %d, or ask for fewer shards",
			shards, need, limit, err, need)
	}
	return nil
}

// sourceAddresses returns how many addresses so many connections come from: one
// where that is enough, or is all that there is.
func sourceAddresses(shards int) int {
	if runtime.GOOS != "linux" { // where all of 127.0.0.0/8 is the machine itself
		return 1
	}
	return (shards + connectionsOfAddress - 1) / connectionsOfAddress
}

// spread is an engine.Config.Dial that takes turns with addresses of the loopback
// network, where there is to be more than one.
type spread struct {
	addresses int
	next      atomic.Uint64
}

// DialContext can be engine.Config's Dial.
func (s *spread) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return s.dialer(s.next.Add(1)).DialContext(ctx, network, address)
}

// dialer returns the dialer of the nth connection.
func (s *spread) dialer(n uint64) *net.Dialer {
	if s.addresses <= 1 {
		return &net.Dialer{}
	}
	host := byte(1 + n%uint64(s.addresses))
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, host)}}
}
