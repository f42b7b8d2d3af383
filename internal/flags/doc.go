// Package flags has the flags that several commands of this project have in common, so that these have the same names and
// words, take the same values and say the same of mistakes. It depends on no library that reads command lines: a command
// adds them to its own by an [Adder].
package flags

// Value is what a flag sets. It is what libraries want of one.
type Value interface {
	String() string // "" or "0" where it is not given, and help shows no default
	Set(text string) error
	Type() string // what stands for a value in the help
}

// Adder adds a flag to those of a command. A value with a method IsBoolFlag that returns true needs no text: the flag alone is
// true.
type Adder func(v Value, name, usage string)
