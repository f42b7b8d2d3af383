package lifecycle

import "testing"

func TestCausesTell(t *testing.T) {
	if got := (Causes{}).String(); got != "none" {
		t.Error(got)
	}
	c := Causes{CauseZombie: 2, CauseGap: 1}
	if got := c.String(); got != "2 zombie, 1 gap" || c.Total() != 3 {
		t.Error(got, c.Total())
	}
	if got, err := c.MarshalJSON(); err != nil || string(got) != `{"gap":1,"zombie":2}` {
		t.Errorf("%s, %v", got, err)
	}
	for range c.All() {
		break
	}
	for cause := range Cause(len(Causes{})) {
		if cause.String() == "" {
			t.Errorf("cause %d has no name", cause)
		}
	}
	if got := Cause(len(Causes{})).String(); got != "Cause(11)" {
		t.Error(got)
	}
}
