package state

import "testing"

// TestRefs has roles and channels come and go to which members and voice states refer, while groups are
// compressed again and again in turn.
func TestRefs(t *testing.T) {
	dict, _ := taughtDictionary(t)
	w := newWorld(t, Config{Members: true, Dictionary: dict}, 5, 3, 20_000)
	s := w.shard
	changed := 0
	events := 2000
	if testing.Short() {
		events = 1000
	}
	for i := range events {
		name, data := w.traffic.Next()
		w.tell(t, name, data)
		for _, g := range s.guilds {
			of := group(i % int(numGroups))
			before := g.base.at(voice)
			s.beginEvent()
			s.about(g.id)
			if err := s.fold(g, of); err != nil {
				t.Fatal(err)
			}
			s.endEvent()
			if of == settled && g.base.at(voice) != before {
				changed++
			}
		}
		if i%100 == 0 {
			w.model.compareAll(t, s)
		}
	}
	w.model.compareAll(t, s)
	if changed == 0 {
		t.Error("roles and channels never changed what refers to them: the test needs more events")
	}
}
