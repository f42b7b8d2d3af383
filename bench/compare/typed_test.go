package compare

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/bwmarrin/discordgo"
	arikawa "github.com/diamondburned/arikawa/v3/gateway"
	disgo "github.com/disgoorg/disgo/gateway"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/typed"
	"github.com/sluice-go/sluice/lazyjson"
)

// message returns the d of an event of typical size.
func message(tb testing.TB) []byte {
	doc, err := os.ReadFile("../../lazyjson/testdata/message_create.json")
	if err != nil {
		tb.Fatal(err)
	}
	e, err := lazyjson.Peek(doc)
	if err != nil {
		tb.Fatal(err)
	}
	return e.Data(doc)
}

// decoders fill each library's own type: as the library's gateway does it, and as typed.Func does.
var decoders = []struct {
	name  string
	own   func(data []byte) (any, error)
	typed func(tb testing.TB, take func(v any)) func(*engine.Event)
}{
	{"disgo", func(data []byte) (any, error) { return disgo.UnmarshalEventData(data, disgo.EventTypeMessageCreate) }, through[disgo.EventMessageCreate]},
	{"arikawa", func(data []byte) (any, error) { return unmarshal[arikawa.MessageCreateEvent](data) }, through[arikawa.MessageCreateEvent]},
	{"discordgo", func(data []byte) (any, error) { return unmarshal[discordgo.MessageCreate](data) }, through[discordgo.MessageCreate]},
}

func unmarshal[T any](data []byte) (any, error) {
	var v T
	err := json.Unmarshal(data, &v)
	return v, err
}

func through[T any](tb testing.TB, take func(v any)) func(*engine.Event) {
	return typed.Func(func(_ *engine.Event, v *T) {
		if take != nil {
			take(*v)
		}
	}, func(_ *engine.Event, err error) { tb.Error(err) })
}

// TestTyped: the libraries' types get the same by typed.Func as by their own gateways.
func TestTyped(t *testing.T) {
	ev := engine.NewEvent("MESSAGE_CREATE", message(t))
	for _, d := range decoders {
		want, err := d.own(ev.Data)
		if err != nil {
			t.Fatal(d.name, err)
		}
		d.typed(t, func(got any) {
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got\n%+v\nwant\n%+v", d.name, got, want)
			}
		})(ev)
	}
}

func BenchmarkTyped(b *testing.B) {
	ev := engine.NewEvent("MESSAGE_CREATE", message(b))
	for _, d := range decoders {
		b.Run(d.name+"/typed", func(b *testing.B) {
			b.ReportAllocs()
			f := d.typed(b, nil)
			for b.Loop() {
				f(ev)
			}
		})
		b.Run(d.name+"/own", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.own(ev.Data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
