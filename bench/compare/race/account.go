package main

import "time"

// account is what a process has used until a time.
type account struct {
	At        time.Time
	CPU       time.Duration // user and system, by the scheduler's clock
	User      time.Duration // by ticks of 10 ms
	System    time.Duration // by ticks of 10 ms
	RSS       int64         // bytes, now
	Voluntary int64         // context switches of the threads there are
	Forced    int64         // those that the system made, for another thread to run

	Instructions int64 // since counting began; 0: the machine does not count them for us
}

// span is what a process used between two accounts.
type span struct {
	Wall      float64 `json:"wall_s"`
	CPU       float64 `json:"cpu_s"`
	User      float64 `json:"user_s"`
	System    float64 `json:"system_s"`
	Voluntary int64   `json:"voluntary"` // each is followed by a wake
	Forced    int64   `json:"forced"`

	Instructions int64 `json:"instructions,omitempty"` // 0: not counted
}

func (a account) since(b account) span {
	return span{
		Wall:      a.At.Sub(b.At).Seconds(),
		CPU:       (a.CPU - b.CPU).Seconds(),
		User:      (a.User - b.User).Seconds(),
		System:    (a.System - b.System).Seconds(),
		Voluntary: a.Voluntary - b.Voluntary,
		Forced:    a.Forced - b.Forced,

		Instructions: a.Instructions - b.Instructions,
	}
}
