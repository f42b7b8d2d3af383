package metrics_test

import (
	"log"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/metrics"
	"github.com/sluice-go/sluice/gateway"
)

// A bot that serves its metrics.
func ExampleNewHandler() {
	eng, err := engine.New(engine.Config{
		Token:   engine.NewToken(os.Getenv("DISCORD_TOKEN")),
		Intents: gateway.IntentGuilds,
	})
	if err != nil {
		log.Fatal(err)
	}
	handler, err := metrics.NewHandler(eng, metrics.Options{})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/metrics", handler)
	log.Fatal(http.ListenAndServe("127.0.0.1:9600", nil))
}

// Two engines in one registry of the program's own.
func ExampleNewCollector() {
	var main, beta *engine.Engine // by engine.New
	registry := prometheus.NewRegistry()
	for name, eng := range map[string]*engine.Engine{"main": main, "beta": beta} {
		prometheus.WrapRegistererWith(prometheus.Labels{"bot": name}, registry).MustRegister(metrics.NewCollector(eng))
	}
}
