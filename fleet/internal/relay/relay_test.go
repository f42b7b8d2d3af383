package relay

import (
	"io"
	"net"
	"testing"
	"time"
)

// TestWays: what passes in each way, with a server that echoes.
func TestWays(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan byte, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 1)
				for {
					if _, err := io.ReadFull(c, b); err != nil {
						return
					}
					got <- b[0]
					_, _ = c.Write(b)
				}
			}()
		}
	}()
	r, err := Start(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	echo := func(c net.Conn) error {
		_, _ = c.Write([]byte{1})
		_, err := io.ReadFull(c, make([]byte, 1))
		return err
	}
	c := dial()
	if err := echo(c); err != nil {
		t.Fatal(err)
	}
	<-got
	r.Cut(OneWay)
	_, _ = c.Write([]byte{2})
	if b := <-got; b != 2 {
		t.Errorf("the server got %d", b)
	}
	_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("something came back")
	}
	r.Heal()
	c = dial()
	if err := echo(c); err != nil {
		t.Error(err)
	}
	<-got
	r.Cut(Refused)
	if err := echo(c); err == nil {
		t.Error("it was not cut")
	}
	if err := echo(dial()); err == nil {
		t.Error("it was not refused")
	}
}
