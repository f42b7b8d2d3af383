package inflow

import "github.com/sluice-go/sluice/pool"

// pending has the messages of a payload of which the last one has not come: a
// payload may span several (Discord: "Transport Compression"), and a proxy may cut
// it anywhere. The buffer is there only while something is pending.
type pending struct{ buf *pool.Buffer }

// add returns message behind what is pending, at most limit bytes in all: message
// itself, if nothing is.
func (p *pending) add(message []byte, limit int) ([]byte, error) {
	if p.buf == nil {
		return message, nil
	}
	if len(message) > limit-len(p.buf.B) {
		return nil, ErrTooLarge
	}
	p.buf.GrowWithin(len(message), limit)
	p.buf.B = append(p.buf.B, message...)
	return p.buf.B, nil
}

// keep has what add returned wait for more.
func (p *pending) keep(all []byte) {
	if p.buf == nil {
		p.buf = pool.Get(len(all))
		p.buf.B = append(p.buf.B, all...)
	}
}

// drop forgets what is pending.
func (p *pending) drop() {
	if p.buf != nil {
		p.buf.Release()
		p.buf = nil
	}
}
