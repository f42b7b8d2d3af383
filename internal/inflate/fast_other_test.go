//go:build purego || !amd64

package inflate

func setFast(bool) (changed bool) { return false }
