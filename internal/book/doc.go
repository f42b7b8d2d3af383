// Package book checks what newcomers read: that every Go block of the README and of docs/ compiles, that
// links lead somewhere, that what docs/start.md says works to the letter, and that each example does what
// examples/README.md says of it. It has tests only.
//
// What takes long, or needs modules that are outside go.work, runs with the flag -all: make book.
package book
