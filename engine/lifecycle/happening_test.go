package lifecycle

import (
	"encoding/json"
	"testing"
	"time"
)

func TestHappeningTells(t *testing.T) {
	for _, c := range []struct {
		h    Happening
		want string
	}{
		{Happening{From: Ready, To: Disconnected, Cause: "why"}, "Ready → Disconnected: why"},
		{Happening{Kind: HappenedClosed, By: ByGateway, Code: 4000}, "connection ended by gateway with 4000 unknown error"},
		{Happening{Kind: HappenedClosed, Cause: "x"}, "connection ended by nobody: x"},
		{Happening{Kind: HappenedLost, First: 7}, "session lost: events from sequence 7 on may be missing"},
		{Happening{Kind: HappenedLost, First: 7, Last: 7}, "the event of sequence 7 is lost"},
		{Happening{Kind: HappenedLost, First: 7, Last: 9}, "events of sequences 7 to 9 are lost"},
		{Happening{Kind: HappenedResumed, First: 7, Replayed: 3}, "session resumed from sequence 7 on, 3 events replayed"},
		{Happening{Kind: HappenedSlow, Took: time.Second, Cause: "READY"}, "callbacks held up the shard for 1s with READY"},
	} {
		if got := c.h.String(); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
	for kind := range HappeningKind(len(happeningNames)) {
		if text, err := json.Marshal(kind); err != nil || len(text) < 5 {
			t.Errorf("%s, %v", text, err)
		}
	}
	if got := HappeningKind(9).String(); got != "HappeningKind(9)" {
		t.Error(got)
	}
}
