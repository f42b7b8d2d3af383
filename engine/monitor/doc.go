// Package monitor is an http.Handler that shows a running engine: use it for a page to look at,
// health checks for whatever restarts processes, and JSON and a stream of happenings for
// programs. It needs the standard library alone.
//
//	m, err := monitor.New(monitor.Config{Engine: eng})
//	…
//	defer m.Close()
//	listener, err := monitor.Listen("127.0.0.1:9600")
//	…
//	go monitor.Serve(ctx, listener, m)
//
// | path | what |
// |---|---|
// | / | the page: all shards at a glance, charts of the last hour, incidents in sentences |
// | /shards/N | one shard, for browsers without script |
// | /metrics | Config.Metrics |
// | /healthz | 200 while the process makes progress |
// | /readyz | 200 while all shards are ready, or Config.ReadyShare of them |
// | /api/v1/engine | the whole engine |
// | /api/v1/shards | all shards, a few figures each |
// | /api/v1/shards/N | one shard: its View, without what a session could be taken over with |
// | /api/v1/bots | who is connected to the gateway of this process, if Config.Bots is set |
// | /api/v1/states | the states of all shards, in few bytes |
// | /api/v1/history | figures of the last hour |
// | /api/v1/incidents | what went wrong, and how it ended |
// | /api/v1/events | server-sent events: happenings, states, a tick each second |
// | /debug/pprof/ | if Config.Pprof is set |
//
// Where shards of several totals run, ?total=T says which is meant; else it is the newest.
//
// With Config.Credential there are actions, by POST, as Authorization: Bearer CREDENTIAL or
// with a form's field credential: /api/v1/shards/N/restart, /api/v1/shards/N/close,
// /api/v1/reshard (field total; without it Discord is asked) and /api/v1/log-level (field
// level).
//
// # Who may see it
//
// [Listen] binds to loopback unless another host is named. Whoever reaches the address may
// read; nothing that is shown holds the token, a session's ID or the query of its URL. On
// loopback, requests with another Host than a loopback name are refused, so that no web page
// that a browser visits can read it by DNS rebinding; requests that change something are
// refused from other sites too.
//
// # What it costs
//
// An event of the gateway's costs nothing more. Once a second all shards are looked at
// (some 2 ms for 10,000); the figures of an hour take 4 MiB. A client of the event stream
// that does not read is dropped, and counted.
package monitor
