//go:build !safe

package lend

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
)

// Types of content (RFC 8446, section 5.1).
const (
	typeAlert       = 21
	typeHandshake   = 22
	typeApplication = 23
)

// A sealer writes TLS 1.3 records in a server's place, for what crypto/tls does not
// write itself: padding, changes of keys, messages in pieces.
type sealer struct {
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64 // of the next record
}

// newSealer takes over from the server of the newest connection, which has written so
// many records. It is nil
// where the cipher is not among the standard library's public packages, as on
// processors without instructions for AES, which prefer ChaCha20.
func newSealer(p *pair, written uint64) (*sealer, error) {
	if p.server.ConnectionState().CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		return nil, nil
	}
	s := &sealer{}
	for line := range bytes.Lines(p.keys.Bytes()) {
		if word := bytes.Fields(line); len(word) == 3 && string(word[0]) == "SERVER_TRAFFIC_SECRET_0" {
			secret, err := hex.DecodeString(string(word[2]))
			if err != nil {
				return nil, err
			}
			if err := s.rekey(secret); err != nil {
				return nil, err
			}
			s.seq = written
		}
	}
	if s.aead == nil {
		return nil, errors.New("no traffic secret in the key log")
	}
	return s, nil
}

// rekey begins to use a traffic secret (section 7.3).
func (s *sealer) rekey(secret []byte) error {
	key, err := expand(secret, "key", 16)
	if err != nil {
		return err
	}
	if s.iv, err = expand(secret, "iv", 12); err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	s.aead, err = cipher.NewGCM(block)
	s.secret, s.seq = secret, 0
	return err
}

// update goes on with the next keys (section 7.2).
func (s *sealer) update() error {
	next, err := expand(s.secret, "traffic upd", sha256.Size)
	if err != nil {
		return err
	}
	return s.rekey(next)
}

// expand is HKDF-Expand-Label without a context (section 7.1).
func expand(secret []byte, label string, length int) ([]byte, error) {
	label = "tls13 " + label
	info := append([]byte{byte(length >> 8), byte(length), byte(len(label))}, label...)
	return hkdf.Expand(sha256.New, secret, string(append(info, 0)), length)
}

// record returns content as an encrypted record, padded with so many zeros
// (sections 5.2 and 5.4).
func (s *sealer) record(kind byte, content []byte, padding int) []byte {
	inner := append(append(bytes.Clone(content), kind), make([]byte, padding)...)
	size := len(inner) + s.aead.Overhead()
	header := []byte{typeApplication, 3, 3, byte(size >> 8), byte(size)}
	nonce := bytes.Clone(s.iv)
	counter := nonce[len(nonce)-8:]
	binary.BigEndian.PutUint64(counter, binary.BigEndian.Uint64(counter)^s.seq)
	s.seq++
	return s.aead.Seal(header, nonce, inner, header)
}

// keyUpdate returns a KeyUpdate message (section 4.6.3), behind which update is due.
func keyUpdate(answer bool) []byte {
	if answer {
		return []byte{24, 0, 0, 1, 1}
	}
	return []byte{24, 0, 0, 1, 0}
}

// newTicket is a NewSessionTicket message (section 4.6.1): for an hour, without a
// nonce or extensions, and with a ticket that nobody will show.
func newTicket() []byte {
	return append([]byte{4, 0, 0, 19, 0, 0, 14, 16, 1, 2, 3, 4, 0, 0, 6}, "ticket\x00\x00"...)
}
