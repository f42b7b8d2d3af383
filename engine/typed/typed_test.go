package typed

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

type message struct {
	ID     string   `json:"id"`
	Text   string   `json:"content"`
	Tags   []string `json:"tags"`
	Author *struct {
		Name string `json:"username"`
	} `json:"author"`
}

// TestReset: a value holds nothing of the event before, and what was kept of it stays.
func TestReset(t *testing.T) {
	var kept []message
	f := Func(func(ev *engine.Event, m *message) { kept = append(kept, *m) }, func(ev *engine.Event, err error) { t.Error(err) })
	f(engine.NewEvent("MESSAGE_CREATE", []byte(`{"id":"1","content":"one","tags":["a","b"],"author":{"username":"x"}}`)))
	f(engine.NewEvent("MESSAGE_CREATE", []byte(`{"id":"2"}`)))
	f(engine.NewEvent("MESSAGE_CREATE", []byte(`{"id":"3","tags":["c","d"],"content":"six"}`)))
	if len(kept) != 3 || kept[0].Text != "one" || strings.Join(kept[0].Tags, "") != "ab" || kept[0].Author.Name != "x" ||
		kept[1].ID != "2" || kept[1].Text != "" || kept[1].Tags != nil || kept[1].Author != nil || strings.Join(kept[2].Tags, "") != "cd" {
		t.Errorf("%+v", kept)
	}
}

// TestFailed: what is no T goes to failed, or to the log, which is not flooded; none reaches the callback.
func TestFailed(t *testing.T) {
	never := func(*engine.Event, *message) { t.Error("the callback was called") }
	bad := engine.NewEvent("MESSAGE_CREATE", []byte(`{"id":1}`))
	var got error
	Func(never, func(ev *engine.Event, err error) { got = errors.Join(got, err) })(bad)
	if got == nil || !strings.Contains(got.Error(), "decode") {
		t.Errorf("failed got %v", got)
	}
	var log bytes.Buffer
	was := slog.Default()
	defer slog.SetDefault(was)
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	f := Func(never, nil)
	for range 10 {
		f(bad)
	}
	later := *bad
	later.Received = bad.Received.Add(logPeriod)
	f(&later)
	if n := strings.Count(log.String(), "cannot be decoded"); n != 2 || !strings.Contains(log.String(), "MESSAGE_CREATE") || !strings.Contains(log.String(), "not_logged=9") {
		t.Errorf("logged:\n%s", log.String())
	}
	defer func() {
		if recover() == nil {
			t.Error("no callback was taken for one")
		}
	}()
	Func[message](nil, nil)
}

// TestOnEvent: from a real gateway, on the loop and away from it.
func TestOnEvent(t *testing.T) {
	srv := gatewaytest.NewServer(t)
	eng, err := engine.New(engine.Config{Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), TLS: srv.TLSConfig(), Intents: gateway.IntentsAll, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 10)
	take := func(ev *engine.Event, m *message) { got <- m.ID + m.Text }
	remove := OnEvent(eng, gateway.EventMessageCreate, take, nil)
	eng.On(gateway.Events(gateway.EventMessageUpdate), engine.Async(Func(take, nil), engine.AsyncOptions{}))
	result := make(chan error)
	go func() { result <- eng.Run(t.Context()) }()
	if err := srv.WaitReady(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for _, event := range []string{"MESSAGE_CREATE", "MESSAGE_UPDATE"} {
		srv.Dispatch(0, event, []byte(`{"id":"7","content":" hello"}`))
		select {
		case text := <-got:
			if text != "7 hello" {
				t.Errorf("%s brought %q", event, text)
			}
		case <-time.After(time.Minute):
			t.Fatal(event, " did not come")
		}
	}
	remove()
	if err := eng.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}
