package main

// raiseDescriptors has nothing to do: sockets are not counted.
func raiseDescriptors(need uint64) (limit uint64, err error) { return need, nil }
