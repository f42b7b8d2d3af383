//go:build safe

package lend

import "crypto/tls"

// supported says that the build tag forbids it.
func supported() string { return "built with the tag safe" }

func of(*tls.Conn) Conn { panic("lend: not supported, see Supported") }
