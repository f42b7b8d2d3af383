//go:build !purego

package zstd

// fast says whether the fast loops run.
func fast() bool { return hasBMI2 }

// setFast switches them on or off. It reports whether they were the other way.
func setFast(on bool) (changed bool) {
	changed = on != hasBMI2
	hasBMI2 = on
	return changed
}
