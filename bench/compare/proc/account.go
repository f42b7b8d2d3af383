// Package proc runs the processes that are compared, and reads the kernel's accounts of them.
package proc

import "time"

// Account is what a process has used until a time.
type Account struct {
	At        time.Time
	CPU       time.Duration // user and system, by the scheduler's clock
	User      time.Duration // by ticks of 10 ms
	System    time.Duration // by ticks of 10 ms
	RSS       int64         // bytes, now
	Voluntary int64         // context switches of the threads there are
	Forced    int64         // those that the system made, for another thread to run

	Instructions int64 // since counting began; 0: the machine does not count them for us
}

// Span is what a process used between two accounts.
type Span struct {
	Wall      float64 `json:"wall_s"`
	CPU       float64 `json:"cpu_s"`
	User      float64 `json:"user_s"`
	System    float64 `json:"system_s"`
	Voluntary int64   `json:"voluntary"` // each is followed by a wake
	Forced    int64   `json:"forced"`

	Instructions int64 `json:"instructions,omitempty"` // 0: not counted
}

// Since returns what the process used from b until a.
func (a Account) Since(b Account) Span {
	return Span{
		Wall:      a.At.Sub(b.At).Seconds(),
		CPU:       (a.CPU - b.CPU).Seconds(),
		User:      (a.User - b.User).Seconds(),
		System:    (a.System - b.System).Seconds(),
		Voluntary: a.Voluntary - b.Voluntary,
		Forced:    a.Forced - b.Forced,

		Instructions: a.Instructions - b.Instructions,
	}
}
