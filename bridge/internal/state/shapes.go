package state

import (
	"bytes"
	"sync"
	"sync/atomic"
)

const (
	maxShapes   = 4096    // of one dictionary
	maxShapeLen = 4 << 10 // bytes of a shape's keys
)

// shapes numbers the sets of keys that objects have: all channels of a kind have the same
// keys in the same order, so that an object needs to name its shape alone. Shapes are never
// taken away. When there are too many, further objects carry their keys themselves.
type shapes struct {
	mu   sync.RWMutex
	ids  map[string]int // by the keys in quotes, one behind the other
	list atomic.Pointer[[]shape]
}

// A shape is the keys of an object in their order.
type shape struct {
	id   string   // as in shapes.ids
	keys []string // in quotes
	json []string // likewise, with what stands around them in an object
}

func newShape(id string) shape {
	s := shape{id: id, keys: splitKeys([]byte(id))}
	separator := "{"
	for _, key := range s.keys {
		s.json = append(s.json, separator+key+":")
		separator = ","
	}
	return s
}

func newShapes() *shapes {
	s := &shapes{ids: make(map[string]int)}
	s.list.Store(new([]shape))
	return s
}

// number returns the number of the shape with those keys, a new one if need be. It reports
// false if there can be no more.
func (s *shapes) number(keys []byte) (int, bool) {
	s.mu.RLock()
	n, ok := s.ids[string(keys)]
	s.mu.RUnlock()
	if ok {
		return n, true
	}
	if len(keys) > maxShapeLen {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.ids[string(keys)]; ok {
		return n, true
	}
	list := *s.list.Load()
	if len(list) >= maxShapes {
		return 0, false
	}
	id := string(keys)
	longer := append(list[:len(list):len(list)], newShape(id))
	s.ids[id] = len(list)
	s.list.Store(&longer)
	return len(list), true
}

// all returns the shapes by their numbers. Nobody changes what it returns.
func (s *shapes) all() []shape { return *s.list.Load() }

// splitKeys takes keys in quotes apart. Those of a shape hold no quote that is not escaped.
func splitKeys(keys []byte) []string {
	var list []string
	for len(keys) > 0 {
		end := keyEnd(keys)
		list = append(list, string(keys[:end]))
		keys = keys[end:]
	}
	return list
}

// keyEnd returns the length of the key in quotes that keys begins with; all of keys if it has
// no end.
func keyEnd(keys []byte) int {
	for i := 1; i < len(keys); i++ {
		switch next := bytes.IndexAny(keys[i:], `"\`); {
		case next < 0:
			return len(keys)
		case keys[i+next] == '"':
			return i + next + 1
		default:
			i += next + 1 // and over what is escaped
		}
	}
	return len(keys)
}
