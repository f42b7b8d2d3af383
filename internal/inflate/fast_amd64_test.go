//go:build !purego

package inflate

// setFast switches the fast loop on or off. It reports whether it was the other way.
func setFast(on bool) (changed bool) {
	changed = on != hasBMI2
	hasBMI2 = on
	return changed
}
