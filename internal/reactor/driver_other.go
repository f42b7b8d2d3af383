//go:build !linux || portable

package reactor

import "time"

// New returns the fastest driver that the system allows, for so many tasks; one
// that is slower comes with the reason. No bytes wait here, whatever the latency. A nil guard is none.
func New(_ int, _ time.Duration, guard Guard) (d Driver, why error) {
	return PortableDriver{guard}, nil
}
