package transport

import (
	"slices"
	"sync"
	"testing"
)

// TestCrew: no more jobs are done at a time than the crew has hands for, each once,
// and no goroutine is left.
func TestCrew(t *testing.T) {
	var workers sync.WaitGroup
	c := &Crew{Size: 3, Workers: &workers}
	var mu sync.Mutex
	var done []int
	at, most := 0, 0
	gate := make(chan struct{})
	for i := range 100 {
		c.Go(func() {
			mu.Lock()
			at++
			most = max(most, at)
			mu.Unlock()
			<-gate
			mu.Lock()
			defer mu.Unlock()
			at--
			done = append(done, i)
		})
	}
	close(gate)
	workers.Wait()
	slices.Sort(done)
	if most > 3 || len(slices.Compact(done)) != 100 || c.busy != 0 || c.jobs != nil {
		t.Errorf("%d at a time, %d of 100 done, %d goroutines, %d jobs", most, len(done), c.busy, len(c.jobs))
	}
}

// TestCrewOrder: jobs begin in the order in which they came.
func TestCrewOrder(t *testing.T) {
	var workers sync.WaitGroup
	c := &Crew{Size: 1, Workers: &workers}
	var began []int
	for i := range 100 {
		c.Go(func() { began = append(began, i) })
	}
	workers.Wait()
	if !slices.IsSorted(began) || len(began) != 100 {
		t.Errorf("%v", began)
	}
}
