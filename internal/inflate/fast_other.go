//go:build purego || !amd64

package inflate

// fast says whether turnsFast does anything.
func fast() bool { return false }

func (d *Decoder) turnsFast(*codes, int) {}
