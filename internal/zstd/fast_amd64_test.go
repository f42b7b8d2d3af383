//go:build !purego

package zstd

// setFast switches the fast loops on or off. It reports whether they were the other way.
func setFast(on bool) (changed bool) {
	changed = on != hasBMI2
	hasBMI2 = on
	return changed
}
