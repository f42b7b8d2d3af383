package flags

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Size is a size in bytes such as 256MB; 0, where it is not given, stands for the default.
func Size(value *int) Value { return size{value} }

type size struct{ value *int }

// Set implements [Value].
func (f size) Set(s string) error {
	n := ParseSize(s)
	if n == 0 || n > math.MaxInt {
		return errors.New("want a size with its unit, such as 256MB or 64MiB")
	}
	*f.value = int(n)
	return nil
}

func (f size) String() string {
	if *f.value == 0 {
		return ""
	}
	return strconv.Itoa(*f.value)
}

func (f size) Type() string { return "SIZE" }

// units are those of a size.
var units = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
}

// ParseSize returns the bytes that a text such as 1.5GB stands for, 0 for any other text.
func ParseSize(s string) int64 {
	for _, unit := range units {
		number, ok := strings.CutSuffix(s, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !(n > 0 && n*unit.bytes < 1<<62) {
			return 0
		}
		return max(1, int64(n*unit.bytes))
	}
	return 0
}
