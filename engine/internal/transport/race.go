package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-go/sluice/internal/descriptors"
)

// attemptDelay is how long an address has before the next one is tried beside it
// (RFC 8305, section 5: "Connection Attempt Delay").
const attemptDelay = 250 * time.Millisecond

// keepAlive is the period of TCP keep-alive probes.
const keepAlive = 30 * time.Second

// attempt is a try at one address, and what came of it.
type attempt struct {
	choice
	err  error // nil: it succeeded, or is not known yet
	done bool
}

// race looks a host up and connects to one of its addresses: the first that answers,
// where each has attemptDelay before the next is tried too (RFC 8305, section 5).
// Those that fail, or are overtaken by one that was tried later, are remembered.
func (d *Dialer) race(ctx context.Context, address string) (net.Conn, *choice, error) {
	name, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, nil, fmt.Errorf("%q is no port", portText)
	}
	addresses, err := d.lookup(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	addresses = d.memory.order(address, addresses, time.Now())

	type result struct {
		number int
		conn   net.Conn
		err    error
	}
	results := make(chan result, len(addresses))
	var attempts []attempt
	pending := 0
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		// An attempt that is called off returns at once.
		for cancel(); pending > 0; pending-- {
			if r := <-results; r.conn != nil {
				_ = r.conn.Close()
			}
		}
	}()
	delay := time.NewTimer(attemptDelay)
	defer delay.Stop()
	begin := func() {
		number := len(attempts)
		if number == len(addresses) || ctx.Err() != nil {
			return
		}
		attempts = append(attempts, attempt{choice: choice{address, addresses[number], time.Now()}})
		pending++
		delay.Reset(attemptDelay)
		go func() {
			conn, err := d.attempt(ctx, netip.AddrPortFrom(addresses[number], uint16(port)))
			results <- result{number, conn, err}
		}()
	}
	for begin(); pending > 0; {
		select {
		case <-delay.C:
			begin()
		case r := <-results:
			pending--
			a := &attempts[r.number]
			a.err, a.done = r.err, true
			switch {
			case r.err == nil:
				d.remember(attempts, r.number)
				return r.conn, &a.choice, nil
			case descriptors.Exhausted(r.err):
				return nil, nil, r.err
			}
			begin()
		}
	}
	d.remember(attempts, -1)
	return nil, nil, raceError(name, attempts, ctx.Err())
}

// errSilent is why an address failed that was overtaken.
var errSilent = errors.New("no answer")

// lookup returns the addresses of a host, which may be an address itself.
func (d *Dialer) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	lookup := d.Lookup
	if lookup == nil {
		// Lookups of one name at a time share a query.
		lookup = func(ctx context.Context, name string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		}
	}
	addresses, err := lookup(ctx, name)
	if err == nil && len(addresses) == 0 {
		err = &net.DNSError{Err: "no addresses", Name: name, IsNotFound: true}
	}
	for i, a := range addresses {
		addresses[i] = a.Unmap()
	}
	return addresses, err
}

func (d *Dialer) attempt(ctx context.Context, address netip.AddrPort) (net.Conn, error) {
	if d.Attempt != nil {
		return d.Attempt(ctx, "tcp", address.String())
	}
	return (&net.Dialer{KeepAlive: keepAlive}).DialContext(ctx, "tcp", address.String())
}

// remember notes what a race says of the addresses: those that failed, and those that
// were overtaken. Where another one answered, nobody else tells of it, so it is logged.
func (d *Dialer) remember(attempts []attempt, winner int) {
	for i := range attempts {
		a := &attempts[i]
		switch {
		case i == winner:
			continue
		case a.done && !errors.Is(a.err, context.Canceled):
		case !a.done && i < winner:
			a.err = errSilent
		default:
			continue
		}
		now := time.Now()
		if d.memory.failed(&a.choice, now) && winner >= 0 {
			d.Logger.Warn("an address does not answer; for a while others are tried first",
				"host", a.host, "address", a.address, "cause", a.err, "answered", attempts[winner].address)
		}
	}
}

// raceError joins the failures of a race in which every address failed. Each names its
// address.
func raceError(name string, attempts []attempt, ended error) error {
	switch len(attempts) {
	case 0:
		return ended
	case 1:
		return attempts[0].err
	}
	e := &addressesError{host: name}
	for _, a := range attempts {
		e.errs = append(e.errs, a.err)
	}
	return e
}

// addressesError says why each address of a host failed.
type addressesError struct {
	host string
	errs []error
}

// Error implements error.
func (e *addressesError) Error() string {
	const most = 4
	var texts []string
	for _, err := range e.errs[:min(len(e.errs), most)] {
		texts = append(texts, err.Error())
	}
	if more := len(e.errs) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("none of the %d addresses of %s can be reached: %s", len(e.errs), e.host, strings.Join(texts, "; "))
}

// Unwrap returns the failures.
func (e *addressesError) Unwrap() []error { return e.errs }
