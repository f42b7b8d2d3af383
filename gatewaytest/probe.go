package gatewaytest

import (
	"bytes"

	"github.com/sluice-go/sluice/internal/traffic"
)

// probe reports whether a shard's events carry the time of writing.
func (cfg *config) probe(shard int) bool { return shard < cfg.probes }

// probeDigits is the width of the field probe_ns.
const probeDigits = 20

// appendProbe appends a MESSAGE_CREATE whose data is that of ev with the present time in front.
func appendProbe(dst []byte, seq int64, ev event) []byte {
	var digits [probeDigits]byte
	ns := MonotonicNow()
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = '0' + byte(ns%10)
		ns /= 10
	}
	data := append([]byte(`{"probe_ns":"`), digits[:]...)
	data = append(data, '"')
	if rest := bytes.TrimPrefix(ev.data, []byte("{")); len(rest) > 1 {
		data = append(data, ',')
		data = append(data, rest...)
	} else {
		data = append(data, '}')
	}
	return traffic.AppendPayload(dst, "MESSAGE_CREATE", seq, data)
}
