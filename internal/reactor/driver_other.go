//go:build !linux || portable

package reactor

// New returns the fastest driver that the system allows, for so many tasks; one
// that is slower comes with the reason. A nil guard is none.
func New(_ int, guard Guard) (d Driver, why error) { return PortableDriver{guard}, nil }
