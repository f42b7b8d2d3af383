package transport

import "sync"

// Crew does jobs, some at a time, in the order in which they come. Its goroutines
// exist while there are any, and go from job to job: the runtime keeps what a
// goroutine was made of for ever, which for a fleet that dials all at once would
// be half a KB for each shard.
type Crew struct {
	Size    int             // goroutines at most
	Workers *sync.WaitGroup // counts them

	mu   sync.Mutex
	busy int // goroutines
	jobs []func()
}

// Go has a job done. It does not wait.
func (c *Crew) Go(job func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy == c.Size {
		c.jobs = append(c.jobs, job)
		return
	}
	c.busy++
	c.Workers.Go(func() {
		for job != nil {
			job()
			job = c.next()
		}
	})
}

// next returns the next job; nil: there is none, and the goroutine ends.
func (c *Crew) next() (job func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.jobs) == 0 {
		c.jobs = nil
		c.busy--
		return nil
	}
	job, c.jobs[0] = c.jobs[0], nil
	c.jobs = c.jobs[1:]
	return job
}
