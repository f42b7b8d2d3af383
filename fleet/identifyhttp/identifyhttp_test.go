package identifyhttp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

// TestShards of several clients identify one after another, and nobody early.
func TestShards(t *testing.T) {
	record := &identify.Recording{Queue: identify.NewLocal(4)}
	h, err := NewHandler(record, Options{Secret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	defer srv.Close()
	var work sync.WaitGroup
	for shard := range 8 {
		work.Go(func() {
			q := &Queue{URL: srv.URL, Secret: "s"}
			p, err := q.Acquire(t.Context(), shard)
			if err != nil {
				t.Error(err)
				return
			}
			if p.(identify.Expirer).Expired() {
				t.Error("the permit was no good")
			}
			p.Sent()
			p.Release()
		})
	}
	work.Wait()
	granted := map[int]time.Time{}
	records := record.Records()
	slices.SortFunc(records, func(a, b identify.Record) int { return a.Granted.Compare(b.Granted) })
	for _, r := range records {
		if before, ok := granted[r.Shard%4]; ok && r.Granted.Sub(before) < identify.Period {
			t.Errorf("shard %d %v after the one before", r.Shard, r.Granted.Sub(before))
		}
		granted[r.Shard%4] = r.Granted
	}
}

type refusing struct{ err error }

func (r refusing) Acquire(ctx context.Context, _ int) (identify.Permit, error) {
	if r.err != nil {
		return nil, r.err
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestRefuses whoever asks in another way, with a sentence.
func TestRefuses(t *testing.T) {
	h, _ := NewHandler(refusing{}, Options{Secret: "s", MaxWaiting: 1})
	h.waiting.Add(1)
	for _, test := range []struct {
		method, target, secret string
		status                 int
	}{
		{"GET", "/?shard=1", "", 401},
		{"GET", "/?shard=1", "Bearer x", 401},
		{"GET", "/?shard=1", "s", 401},
		{"POST", "/?shard=1", "Bearer s", 405},
		{"GET", "/", "Bearer s", 400},
		{"GET", "/?shard=-1", "Bearer s", 400},
		{"GET", "/?shard=99999999999999999999", "Bearer s", 400},
		{"GET", "/?shard=1", "Bearer s", 429},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(test.method, test.target, nil)
		if test.secret != "" {
			r.Header.Set("Authorization", test.secret)
		}
		h.ServeHTTP(w, r)
		if w.Code != test.status || strings.Contains(w.Body.String(), "Bearer s\n") {
			t.Errorf("%+v: %d %s", test, w.Code, w.Body)
		}
	}
	if _, err := NewHandler(refusing{}, Options{}); err == nil {
		t.Error("no secret was taken")
	}
}

// TestErrors of the service reach the queue's user as what they are.
func TestErrors(t *testing.T) {
	until := time.Now().Add(time.Hour)
	h, _ := NewHandler(refusing{&identify.BudgetError{Until: until}}, Options{Secret: "s"})
	srv := httptest.NewServer(h)
	defer srv.Close()
	var budget *identify.BudgetError
	q := &Queue{URL: srv.URL, Secret: "s"}
	if _, err := q.Acquire(t.Context(), 1); !errors.As(err, &budget) || budget.Until.Sub(until).Abs() > 5*time.Second {
		t.Errorf("%v", err)
	}
	q.Secret = "another"
	if _, err := q.Acquire(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "401") {
		t.Error(err)
	}
	q.URL = "http://user:PASSWORD@127.0.0.1:1"
	if _, err := q.Acquire(t.Context(), 1); err == nil || strings.Contains(err.Error(), "PASSWORD") {
		t.Error(err)
	}
	waiting, _ := NewHandler(refusing{}, Options{Secret: "s"})
	slow := httptest.NewServer(waiting)
	defer slow.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for waiting.waiting.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if _, err := (&Queue{URL: slow.URL, Secret: "s"}).Acquire(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}
