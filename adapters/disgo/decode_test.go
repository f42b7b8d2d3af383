package sluicedisgo

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/disgoorg/disgo/gateway"

	"github.com/sluice-go/sluice/engine"
	discord "github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// collect returns events of every type that the test gateway's traffic has.
func collect(tb testing.TB, n int) (names []gateway.EventType, data [][]byte) {
	srv := gatewaytest.NewServer(tb, gatewaytest.WithTraffic(gatewaytest.Saturated), gatewaytest.WithGuilds(2, 8000))
	eng, err := engine.New(engine.Config{Token: engine.NewToken(srv.Token()), TLS: srv.TLSConfig(), APIURL: srv.APIURL()})
	if err != nil {
		tb.Fatal(err)
	}
	enough := make(chan struct{})
	eng.On(discord.AllDispatches(), func(ev *engine.Event) {
		if len(data) == n {
			return
		}
		names, data = append(names, gateway.EventType(ev.Name())), append(data, bytes.Clone(ev.Data))
		if len(data) == n {
			close(enough)
		}
	})
	ended := make(chan error, 1)
	go func() { ended <- eng.Run(tb.Context()) }()
	<-enough
	if err := eng.Shutdown(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	if err := <-ended; err != nil {
		tb.Fatal(err)
	}
	return names, data
}

// TestDecode: decode is as gateway.UnmarshalEventData, for what is well-formed and for what is not.
func TestDecode(t *testing.T) {
	names, data := collect(t, 6000)
	kinds := make(map[gateway.EventType]bool)
	compare := func(data []byte, name gateway.EventType) {
		want, wantErr := gateway.UnmarshalEventData(bytes.Clone(data), name)
		got, err := decode(data, name)
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: got %#v, %v; want %#v, %v", name, got, err, want, wantErr)
		}
	}
	for i, name := range names {
		compare(data[i], name)
		if !kinds[name] {
			kinds[name] = true
			for _, bad := range []string{"", "null", "[]", "{", `{"id":{}}`, `"`, "{}x"} {
				compare([]byte(bad), name)
			}
		}
	}
	for name := range decoders {
		compare([]byte("{}"), name)
		compare([]byte("null"), name)
		if !kinds[name] {
			t.Logf("the traffic has no %s", name)
		}
	}
}

// FuzzDecode holds decode against gateway.UnmarshalEventData.
func FuzzDecode(f *testing.F) {
	f.Add("MESSAGE_CREATE", []byte(`{"id":"1","author":{"id":"2"}}`))
	f.Add("CHANNEL_CREATE", []byte(`{"id":"1","type":0}`))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		want, wantErr := gateway.UnmarshalEventData(bytes.Clone(data), gateway.EventType(name))
		got, err := decode(data, gateway.EventType(name))
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("got %#v, %v; want %#v, %v", got, err, want, wantErr)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	names, data := collect(b, 5000)
	for name, decode := range map[string]func([]byte, gateway.EventType) (gateway.EventData, error){
		"disgo": gateway.UnmarshalEventData, "adapter": decode,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				_, _ = decode(data[i%len(data)], names[i%len(data)])
			}
		})
	}
}
