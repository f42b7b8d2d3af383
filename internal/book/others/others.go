// Package others imports the libraries of others that the pages' code uses, so that TestCode in
// internal/book can compile it. It is a module of its own, outside go.work.
package others

import (
	_ "github.com/bwmarrin/discordgo"
	_ "github.com/diamondburned/arikawa/v3/gateway"
	_ "github.com/diamondburned/arikawa/v3/state"
	_ "github.com/disgoorg/disgo"
	_ "github.com/disgoorg/disgo/bot"
	_ "github.com/disgoorg/disgo/events"
	_ "github.com/disgoorg/disgo/gateway"
	_ "github.com/disgoorg/disgo/sharding"
	_ "go.opentelemetry.io/contrib/bridges/prometheus"
	_ "go.opentelemetry.io/otel/sdk/metric"

	_ "github.com/sluice-go/sluice/adapters/arikawa"
	_ "github.com/sluice-go/sluice/adapters/disgo"
	_ "github.com/sluice-go/sluice/engine/metrics"
)
