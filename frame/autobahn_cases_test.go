package frame

import "fmt"

// one is a case's bytes where the server sends a single frame.
func one(frame []byte) [][]byte { return [][]byte{frame} }

// framing is section 1: messages at the borders of the three length forms.
func framing(run func(suiteCase)) {
	sizes := []int{0, 125, 126, 127, 128, 65535, 65536, 65536}
	for i, size := range sizes {
		s := repeat("*", size)
		c := echoed(fmt.Sprintf("1.1.%d", i+1), one(textFrame(s)), textMessage(s))
		if i == 7 {
			c = c.chopped(997)
		}
		run(c)
	}
	for i, size := range sizes {
		s := repeat("\xfe", size)
		c := echoed(fmt.Sprintf("1.2.%d", i+1), one(binaryFrame(s)), binaryMessage(s))
		if i == 7 {
			c = c.chopped(997)
		}
		run(c)
	}
}

// pings is section 2: pings and pongs.
func pings(run func(suiteCase)) {
	const noText = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	longest := repeat("\xfe", 125)
	run(echoed("2.1", one(pingFrame("")), pongMessage("")))
	run(echoed("2.2", one(pingFrame("Hello, world!")), pongMessage("Hello, world!")))
	run(echoed("2.3", one(pingFrame(noText)), pongMessage(noText)))
	run(echoed("2.4", one(pingFrame(longest)), pongMessage(longest)))
	run(failed("2.5", 1002, 0, 2, one(pingFrame(repeat("\xfe", 126)))))
	run(echoed("2.6", one(pingFrame(longest)), pongMessage(longest)).chopped(1))
	run(echoed("2.7", one(pongFrame(""))))
	run(echoed("2.8", one(pongFrame("unsolicited pong payload"))))
	run(echoed("2.9", [][]byte{pongFrame("unsolicited pong payload"), pingFrame("ping payload")}, pongMessage("ping payload")))
	var ten [][]byte
	var pongs []Message
	for i := range 10 {
		s := fmt.Sprintf("payload-%d", i)
		ten = append(ten, pingFrame(s))
		pongs = append(pongs, pongMessage(s))
	}
	run(echoed("2.10", ten, pongs...))
	run(echoed("2.11", ten, pongs...).chopped(1))
}

// reservedBits is section 3.
func reservedBits(run func(suiteCase)) {
	const hello, noText = "Hello, world!", "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"
	rsv := func(bits, op byte, payload string) []byte {
		return rawFrame(fin|bits<<4|op, []byte(payload))
	}
	after := func(frame []byte) [][]byte { return [][]byte{textFrame(hello), frame, pingFrame("")} }
	run(failed("3.1", 1002, 0, 1, one(rsv(1, 1, hello))))
	run(failed("3.2", 1002, 1, 1, after(rsv(2, 1, hello)), textMessage(hello)))
	run(failed("3.3", 1002, 1, 1, after(rsv(3, 1, hello)), textMessage(hello)))
	run(failed("3.4", 1002, 1, 1, after(rsv(4, 1, hello)), textMessage(hello)).chopped(1))
	run(failed("3.5", 1002, 0, 1, one(rsv(5, 2, noText))))
	run(failed("3.6", 1002, 0, 1, one(rsv(6, 9, hello))))
	run(failed("3.7", 1002, 0, 1, one(rsv(7, 8, ""))))
}

// opcodes is section 4: reserved opcodes.
func opcodes(run func(suiteCase)) {
	const hello = "Hello, world!"
	for section, ops := range [][]byte{{3, 4, 5, 6, 7}, {11, 12, 13, 14, 15}} {
		for i, op := range ops {
			id := fmt.Sprintf("4.%d.%d", section+1, i+1)
			switch i {
			case 0:
				run(failed(id, 1002, 0, 1, one(rawFrame(fin|op, nil))))
			case 1:
				run(failed(id, 1002, 0, 1, one(rawFrame(fin|op, []byte("reserved opcode payload")))))
			case 2:
				pieces := [][]byte{textFrame(hello), rawFrame(fin|op, nil), pingFrame("")}
				run(failed(id, 1002, 1, 1, pieces, textMessage(hello)))
			default:
				pieces := [][]byte{textFrame(hello), rawFrame(fin|op, []byte(hello)), pingFrame("")}
				run(failed(id, 1002, 1, 1, pieces, textMessage(hello)).chopped(i - 3))
			}
		}
	}
}

// fragmentation is section 5.
func fragmentation(run func(suiteCase)) {
	fragment := func(first byte, n int) []byte { return rawFrame(first, fmt.Appendf(nil, "fragment%d", n)) }
	split := func(first byte) [][]byte { return [][]byte{fragment(first, 1), fragment(fin, 2)} }
	whole := textMessage("fragment1fragment2")

	run(failed("5.1", 1002, 0, 1, split(9)))
	run(failed("5.2", 1002, 0, 1, split(10)))
	run(echoed("5.3", split(1), whole))
	run(echoed("5.4", split(1), whole))
	run(echoed("5.5", split(1), whole).chopped(1))

	pinged := [][]byte{fragment(1, 1), pingFrame("ping payload"), fragment(fin, 2)}
	run(echoed("5.6", pinged, pongMessage("ping payload"), whole))
	run(echoed("5.7", pinged, pongMessage("ping payload"), whole))
	run(echoed("5.8", pinged, pongMessage("ping payload"), whole).chopped(1))

	// 5.9 to 5.14: nothing to continue, with the final bit and without.
	for i, first := range []byte{fin, fin, fin, 0, 0, 0} {
		pieces := [][]byte{rawFrame(first, []byte("non-continuation payload")), textFrame("Hello, world!")}
		run(failed(fmt.Sprintf("5.%d", 9+i), 1002, 0, 1, pieces).chopped(i % 3 / 2))
	}
	run(failed("5.15", 1002, 2, 1,
		[][]byte{fragment(1, 1), fragment(fin, 2), fragment(0, 3), fragment(fin|1, 4)}, whole))
	for i, first := range []byte{0, fin} { // 5.16 and 5.17
		half := [][]byte{fragment(first, 1), fragment(1, 2), fragment(fin, 3)}
		run(failed(fmt.Sprintf("5.%d", 16+i), 1002, 0, 1, append(half, half...)))
	}
	run(failed("5.18", 1002, 1, 1, [][]byte{fragment(1, 1), fragment(fin|1, 2)}))

	five := [][]byte{
		fragment(1, 1), fragment(0, 2), pingFrame("pongme 1!"),
		fragment(0, 3), fragment(0, 4), pingFrame("pongme 2!"), fragment(fin, 5),
	}
	answers := []Message{
		pongMessage("pongme 1!"), pongMessage("pongme 2!"),
		textMessage("fragment1fragment2fragment3fragment4fragment5"),
	}
	run(echoed("5.19", five, answers...))
	run(echoed("5.20", five, answers...))
}

// closeHandling is section 7.
func closeHandling(run func(suiteCase)) {
	const hello = "Hello World!"
	normal := closeFrame(1000, "")
	run(echoed("7.1.1", one(textFrame(hello)), textMessage(hello)))
	run(closed("7.1.2", 1000, [][]byte{normal, rawFrame(fin|8, nil)}))
	run(closed("7.1.3", 1000, [][]byte{normal, pingFrame("")}))
	run(closed("7.1.4", 1000, [][]byte{normal, textFrame(hello)}))
	run(closed("7.1.5", 1000, [][]byte{rawFrame(1, []byte("fragment1")), normal, rawFrame(fin, []byte("fragment2"))}))
	long := repeat("BAsd7&jh23", 256<<10)
	run(closed("7.1.6", 1000, [][]byte{textFrame(long), textFrame(hello), normal, pingFrame("")}, textMessage(long), textMessage(hello)))

	run(closed("7.3.1", CloseNoStatus, one(rawFrame(fin|8, nil))))
	run(failed("7.3.2", 1002, 0, 0, one(rawFrame(fin|8, []byte("a")))))
	run(closed("7.3.3", 1000, one(normal)))
	run(closed("7.3.4", 1000, one(closeFrame(1000, hello))))
	run(closed("7.3.5", 1000, one(closeFrame(1000, repeat("*", 123)))))
	run(failed("7.3.6", 1002, 0, 2, one(closeFrame(1000, repeat("*", 124)))))

	run(failed("7.5.1", 1007, 0, 0, one(closeFrame(1000, "κόσμε\xed\xa0\x80edited"))))

	for i, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		run(closed(fmt.Sprintf("7.7.%d", i+1), code, one(closeFrame(code, ""))))
	}
	for i, code := range []uint16{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		run(failed(fmt.Sprintf("7.9.%d", i+1), 1002, 0, 0, one(closeFrame(code, ""))))
	}
	// The suite leaves these two to the client.
	run(failed("7.13.1", 1002, 0, 0, one(closeFrame(5000, ""))))
	run(failed("7.13.2", 1002, 0, 0, one(closeFrame(65535, ""))))
}

// limits is section 9, with messages a scale-th as long as the suite's: long
// ones (1, 2), fragmented ones (3, 4), chopped ones (5, 6), many (7, 8).
func limits(run func(suiteCase), scale int) {
	const kib, mib = 1 << 10, 1 << 20
	kinds := []struct {
		op      byte
		pattern string // of a long message
		fill    string // of any other
		message func(string) Message
	}{
		{1, "BAsd7&jh23", "*", textMessage},
		{2, "\x00\xfe\x23\xfa\xf0", "\xfe", binaryMessage},
	}
	for k, kind := range kinds {
		for i, size := range []int{64 * kib, 256 * kib, mib, 4 * mib, 8 * mib, 16 * mib} {
			s := repeat(kind.pattern, size/scale)
			run(echoed(fmt.Sprintf("9.%d.%d", 1+k, i+1), one(rawFrame(fin|kind.op, []byte(s))), kind.message(s)))
		}
	}
	for k, kind := range kinds {
		s := repeat(kind.fill, 4*mib/scale)
		for i, size := range []int{64, 256, kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib, mib, 4 * mib} {
			run(echoed(fmt.Sprintf("9.%d.%d", 3+k, i+1), rawFragments(kind.op, []byte(s), size), kind.message(s)))
		}
	}
	for k, kind := range kinds {
		s := repeat(kind.pattern, mib/scale)
		for i, size := range []int{64, 128, 256, 512, kib, 2 * kib} {
			run(echoed(fmt.Sprintf("9.%d.%d", 5+k, i+1), one(rawFrame(fin|kind.op, []byte(s))), kind.message(s)).chopped(size))
		}
	}
	for k, kind := range kinds {
		for i, size := range []int{0, 16, 64, 256, kib, 4 * kib} {
			var pieces [][]byte
			var want []Message
			s := repeat(kind.fill, size)
			for range 1000 {
				pieces = append(pieces, rawFrame(fin|kind.op, []byte(s)))
				want = append(want, kind.message(s))
			}
			run(echoed(fmt.Sprintf("9.%d.%d", 7+k, i+1), pieces, want...))
		}
	}
}

// autoFragmentation is section 10.
func autoFragmentation(run func(suiteCase)) {
	s := repeat("*", 65536)
	run(echoed("10.1.1", rawFragments(1, []byte(s), 1300), textMessage(s)))
}
