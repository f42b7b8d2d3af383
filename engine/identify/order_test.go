package identify

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestExpectedShardsHoldUpNobodyForLong: a bucket waits for a lower shard that is
// connecting, until that fails or 5 s have passed.
func TestExpectedShardsHoldUpNobodyForLong(t *testing.T) {
	tests := []struct {
		name     string
		expected int
		fails    time.Duration // 0: it never says so
		waits    time.Duration
	}{
		{"nobody", -1, 0, 0},
		{"a lower one", 0, 0, expectFor},
		{"a lower one, whose connection fails", 0, time.Second, time.Second},
		{"a higher one", 8, 0, 0},
		{"a lower one of another bucket", 1, 0, 0},
		{"itself", 4, 0, 0},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			q := NewLocal(4)
			if test.expected >= 0 {
				done := q.Expect(test.expected)
				if test.fails > 0 {
					time.AfterFunc(test.fails, done)
				}
			}
			begin := time.Now()
			permit, err := q.Acquire(t.Context(), 4)
			if err != nil {
				t.Fatal(err)
			}
			permit.Release()
			if waited := time.Since(begin); waited != test.waits {
				t.Errorf("%s is expected: waited %v, want %v", test.name, waited, test.waits)
			}
		})
	}
}

// TestExpectedInVainIsWaitedForOnce: a shard that never comes, since its callback hangs,
// say, does not have its bucket identify at half the speed.
func TestExpectedInVainIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewLocal(4)
		done := q.Expect(0)
		want := expectFor
		identify := func(shard int) {
			t.Helper()
			begin := time.Now()
			permit, err := q.Acquire(t.Context(), shard)
			if err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(begin); waited != want {
				t.Errorf("shard %d waited %v, want %v", shard, waited, want)
			}
			permit.Sent()
			permit.Release()
			want = Period
		}
		identify(8)
		identify(8)
		identify(4)
		want += expectFor
		q.Expect(4) // another one, which has not had its time
		identify(8)
		done()
		q.Expect(0) // and the first once more
		want += expectFor
		identify(12)
		identify(12)
	})
}
