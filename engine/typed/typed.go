// Package typed decodes events into structs: use it for events whose whole content you need. The structs are
// your own, or the types of disgo, arikawa or discordgo, so that nobody has to write them again. To read single
// values, package lazyjson costs less.
//
// It stands apart from engine, because it brings package lazyjson/decode along, and with it
// github.com/bytedance/sonic.
package typed

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson/decode"
)

// OnEvent registers a callback for one type of event, whose data is decoded into a T by the rules of
// encoding/json, and returns a function that takes it away again (see [engine.Engine.On]):
//
//	typed.OnEvent(eng, gateway.EventMessageCreate, func(ev *engine.Event, m *discordgo.Message) {
//		log.Print(m.Author.Username)
//	}, nil)
//
// What v points to is the callback's only until it returns: then it is zeroed, and filled with another event.
// What v's fields hold, such as strings and slices, is the callback's to keep. Decoding is done on the shard's
// loop; for a callback that takes long, use [Func] with [engine.Async].
//
// failed gets the events that are no T, with the error of [decode.Into]; nil logs them by [slog.Default], at most
// one a minute. The callback does not get them.
func OnEvent[T any](eng *engine.Engine, t gateway.EventType, callback func(ev *engine.Event, v *T), failed func(ev *engine.Event, err error)) (remove func()) {
	return eng.On(gateway.Events(t), Func(callback, failed))
}

// Func returns a callback for events of any type that decodes what it gets as [OnEvent] does:
//
//	eng.On(events, engine.Async(typed.Func(slow, nil), engine.AsyncOptions{}))
func Func[T any](callback func(ev *engine.Event, v *T), failed func(ev *engine.Event, err error)) func(*engine.Event) {
	if callback == nil {
		panic("typed: a callback is needed")
	}
	if failed == nil {
		failed = new(failures).log
	}
	values := sync.Pool{New: func() any { return new(T) }}
	return func(ev *engine.Event) {
		v := values.Get().(*T)
		if err := decode.Into(ev.Data, v); err != nil {
			failed(ev, err)
		} else {
			callback(ev, v)
		}
		// Not deferred: where a callback panics its value is garbage.
		var zero T
		*v = zero
		values.Put(v)
	}
}

// logPeriod is how often a callback's failures are logged, at most.
const logPeriod = time.Minute

// failures logs what could not be decoded.
type failures struct {
	last   atomic.Int64 // when, in Unix ns; 0: never
	silent atomic.Int64 // not logged since
}

func (f *failures) log(ev *engine.Event, err error) {
	now, last := ev.Received.UnixNano(), f.last.Load()
	if last != 0 && now-last < int64(logPeriod) || !f.last.CompareAndSwap(last, now) {
		f.silent.Add(1)
		return
	}
	slog.Warn("an event cannot be decoded", "event", ev.Name(), "cause", err, "not_logged", f.silent.Swap(0))
}
