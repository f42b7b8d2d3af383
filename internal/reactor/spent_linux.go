//go:build !portable

package reactor

import (
	"net"
	"time"
)

// spent stands for a TCP connection whose descriptor a loop has adopted.
type spent struct{}

var nowhere net.Addr = &net.TCPAddr{}

func (spent) Read([]byte) (int, error)         { return 0, net.ErrClosed }
func (spent) Write([]byte) (int, error)        { return 0, net.ErrClosed }
func (spent) Close() error                     { return net.ErrClosed }
func (spent) LocalAddr() net.Addr              { return nowhere }
func (spent) RemoteAddr() net.Addr             { return nowhere }
func (spent) SetDeadline(time.Time) error      { return net.ErrClosed }
func (spent) SetReadDeadline(time.Time) error  { return net.ErrClosed }
func (spent) SetWriteDeadline(time.Time) error { return net.ErrClosed }
