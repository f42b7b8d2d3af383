package demo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sluice-go/sluice/gatewaytest"
)

// prefix is of the subjects that the processes publish to.
const prefix = "demo"

// Published is what the stream has of what the gateway wrote.
type Published struct {
	Messages int `json:"messages"`
	Missing  int `json:"missing"`
	Twice    int `json:"twice"`
}

// makeStream makes the stream that events are published to.
func (st *stage) makeStream(ctx context.Context) error {
	if !st.Publish {
		return nil
	}
	return st.withStream(func(js jetstream.JetStream) error {
		_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "DEMO", Subjects: []string{prefix + ".ev.>"}, Duplicates: 10 * time.Minute})
		return err
	})
}

func (st *stage) withStream(do func(jetstream.JetStream) error) error {
	conn, err := nats.Connect(st.natsURL)
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	return do(js)
}

// countStream reads the ids of all messages.
func (st *stage) countStream(ctx context.Context, r *Result, report *gatewaytest.Report) error {
	if !st.Publish {
		return nil
	}
	return st.withStream(func(js jetstream.JetStream) error {
		stream, err := js.Stream(ctx, "DEMO")
		if err != nil {
			return err
		}
		left := int(stream.CachedInfo().State.Msgs)
		consumer, err := js.OrderedConsumer(ctx, "DEMO", jetstream.OrderedConsumerConfig{HeadersOnly: true})
		if err != nil {
			return err
		}
		ids := make(map[string]int, left)
		r.Published = &Published{Messages: left}
		for left > 0 {
			batch, err := consumer.Fetch(min(left, 5000), jetstream.FetchMaxWait(10*time.Second))
			if err != nil {
				return err
			}
			got := 0
			for m := range batch.Messages() {
				ids[m.Headers().Get("Nats-Msg-Id")]++
				got++
			}
			if got == 0 {
				return fmt.Errorf("%d messages of the stream do not come", left)
			}
			left -= got
		}
		for _, n := range ids {
			r.Published.Twice += n - 1
		}
		for _, s := range report.Sessions {
			for seq := int64(1); seq <= s.LastSeq; seq++ {
				if ids[s.ID+":"+strconv.FormatInt(seq, 10)] == 0 {
					r.Published.Missing++
				}
			}
		}
		return nil
	})
}
