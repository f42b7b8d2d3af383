package demo

import (
	"testing"
	"time"
)

func TestDialLogPeak(t *testing.T) {
	second := func(at ...float64) (l *dialLog) {
		l = &dialLog{}
		for _, s := range at {
			l.times = append(l.times, time.Unix(0, int64(s*1e9)))
		}
		return l
	}
	for _, tt := range []struct {
		log       *dialLog
		all, most int
	}{
		{second(), 0, 0},
		{second(5), 1, 1},
		{second(0, 1, 2, 3), 4, 1},
		{second(0, 0.2, 0.9, 1, 1.1, 1.15, 3), 7, 5},
	} {
		if all, most := tt.log.peak(time.Second); all != tt.all || most != tt.most {
			t.Errorf("%d dials, %d in a second; want %d, %d", all, most, tt.all, tt.most)
		}
	}
}
