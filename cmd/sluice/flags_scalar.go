package main

import (
	"fmt"
	"math"
	"strconv"
)

// The flags that hold one number, time or word, with the bounds that it must
// keep to. Each implements pflag.Value.

// seedFlag is a seed.
type seedFlag struct{ value *uint64 }

func (f seedFlag) Set(s string) error {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return fmt.Errorf("want a whole number from 0 to %d", uint64(math.MaxUint64))
	}
	*f.value = n
	return nil
}

func (f seedFlag) String() string { return strconv.FormatUint(*f.value, 10) }

func (f seedFlag) Type() string { return "N" }
