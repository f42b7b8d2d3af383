package engine

// Flow is how many bytes went through a decompressor.
type Flow struct {
	In  uint64 `json:"in"`  // of messages, as the gateway sent them
	Out uint64 `json:"out"` // of payloads
}

// less returns what came since base.
func (f Flow) less(base Flow) Flow { return Flow{f.In - base.In, f.Out - base.Out} }
