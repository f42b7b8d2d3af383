//go:build !unix

package descriptors

import "io"

var exhausted []error

// Raise has nothing to do here: sockets are not counted, or there is no limit to raise.
func Raise(need uint64) (limit uint64, err error) { return need, nil }

// RaiseHard is Raise.
func RaiseHard(need uint64) (limit uint64, err error) { return need, nil }

// Spare has nothing to do here.
func Spare() (io.Closer, error) { return none{}, nil }

type none struct{}

func (none) Close() error { return nil }

// InUse returns 0: nothing is counted.
func InUse() int { return 0 }
