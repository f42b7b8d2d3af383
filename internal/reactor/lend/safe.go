//go:build safe

package lend

import "crypto/tls"

// Supported says that the build tag forbids it.
func Supported() string { return "built with the tag safe" }

func of(*tls.Conn) Conn { panic("lend: not supported, see Supported") }
