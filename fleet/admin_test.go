package fleet

import "testing"

func TestRanges(t *testing.T) {
	for want, ids := range map[string][]int{
		"": nil, "0": {0}, "0-1": {1, 0}, "0-3,7": {7, 0, 3, 1, 2}, "1,3,5": {5, 3, 1}, "4-6,8-9": {9, 8, 6, 5, 4},
	} {
		if got := ranges(ids); got != want {
			t.Errorf("%v is %q, want %q", ids, got, want)
		}
	}
}
