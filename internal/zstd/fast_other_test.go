//go:build purego || !amd64

package zstd

func fast() bool { return false }

func setFast(bool) (changed bool) { return false }
