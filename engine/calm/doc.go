// Package calm is a log handler that counts what repeats: use it for a bot with many shards,
// whose log a storm of reconnects would flood. When ten thousand connections break at once,
// each shard logs a line or two about it. The handler of [New] lets the first line of a kind
// through, counts those that follow within 5 s, sums them up in one line, and says in another
// when it is over:
//
//	level=WARN msg="connection ended" shard=17 cause="…" next=resume in=1.2s
//	level=WARN msg="connection ended" count=9999 shards=0-16,18-9999 example.shard=3 example.cause="…"
//	level=INFO msg="connection ended: over" count=9999 shards=0-16,18-9999 lasted=7s
//
// It is for the handler that engine.Config.Logger has:
//
//	handler := calm.New(slog.NewJSONHandler(os.Stderr, nil))
//	defer handler.Close()
//	config.Logger = slog.New(handler)
//
// Each shard's own story is not lost: engine.Shard.Happenings keeps it.
package calm
