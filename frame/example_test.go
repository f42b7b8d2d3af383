package frame_test

import (
	"fmt"
	"log"

	"github.com/sluice-go/sluice/frame"
)

// A fragmented message, with a ping between its fragments, arrives in two
// reads. The ping is answered at once.
func ExampleAssembler() {
	reads := [][]byte{
		{0x02, 3, 'f', 'r', 'a', 0x89, 2, 'h'},
		{'i', 0x80, 3, 'm', 'e', 's'},
	}
	key := [4]byte{1, 2, 3, 4} // in earnest, random for each frame

	var in frame.Assembler
	var unread, write []byte
	for _, read := range reads {
		unread = append(unread, read...)
		for {
			m, n, err := in.Next(unread)
			if err != nil {
				log.Fatal(err) // close the connection with the error's code
			}
			if n == 0 {
				break
			}
			unread = unread[n:]
			switch m.Opcode {
			case frame.OpBinary:
				fmt.Printf("message %q\n", m.Payload)
			case frame.OpPing:
				write = frame.AppendFrame(write, frame.OpPong, key, m.Payload)
				fmt.Printf("pong % x\n", write)
			}
		}
	}
	// Output:
	// pong 8a 82 01 02 03 04 69 6b
	// message "frames"
}
