package gatewaytest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
)

func ExampleNewServer() {
	var t *testing.T // the test's
	srv := gatewaytest.NewServer(t, gatewaytest.WithGuilds(1, 0))

	// Start the bot here: with srv.APIURL(), srv.TLSConfig() and srv.Token().

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := srv.WaitReady(ctx, 0); err != nil {
		t.Fatal("the bot did not connect:", err)
	}
	srv.Drop(0)
	srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{"id":"1","content":"!ping"}`)) // while it is away
	if err := srv.WaitResume(ctx, 0); err != nil {
		t.Fatal("the bot did not resume:", err)
	}
}

func ExampleStart() {
	// In a test, NewServer(t) does this and closes the server at its end.
	srv, err := gatewaytest.Start(gatewaytest.WithShards(2), gatewaytest.WithToken("secret"))
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()

	// What a bot asks first, with net/http in the bot's place.
	req, err := http.NewRequestWithContext(context.Background(), "GET", srv.APIURL()+"/gateway/bot", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot "+srv.Token())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: srv.TLSConfig(), DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	fmt.Println(strings.HasPrefix(srv.URL(), "wss://127.0.0.1:"))
	// Output:
	// 200 OK
	// true
}
