package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sluice-go/sluice/bench/compare/server/wire"
	"github.com/sluice-go/sluice/gateway"
)

// contender is a bridge with its settings.
type contender struct {
	name string
	// prepare writes its files into a directory, which it will run in, and returns how it is started,
	// and the token that bots show it.
	prepare func(dir string, gateway wire.Hello, shards, port int) (env, command []string, token string, err error)
}

// ownToken is the bots' at sluice; gateway-proxy takes Discord's.
const ownToken = "MTIzNDU2Nzg5MDEyMzQ1Njc4.bridges.a-token-of-the-bridge"

// contenders returns those whose programs are given.
func contenders(sluice, proxy, compress string) (list []contender) {
	if sluice != "" {
		list = append(list, contender{name: "sluice", prepare: func(_ string, g wire.Hello, shards, port int) (env, command []string, token string, err error) {
			program, err := filepath.Abs(sluice)
			return []string{"DISCORD_TOKEN=" + g.Token, "SLUICE_BOTS=bot " + ownToken}, []string{
				program, "serve", "--api-url", g.APIURL, "--shards", strconv.Itoa(shards), "--compress", compress, "--log-level", "warn",
				"--intents", strconv.FormatUint(uint64(gateway.IntentsAll), 10), "--listen", "127.0.0.1:" + strconv.Itoa(port),
			}, ownToken, err
		}})
	}
	if proxy != "" {
		list = append(list,
			gatewayProxy("gateway-proxy, what sluice keeps", proxy, "channels", "current_member", "emojis", "roles",
				"scheduled_events", "stage_instances", "stickers", "voice_states"),
			gatewayProxy("gateway-proxy, what it keeps unasked", proxy, "channels", "current_member", "roles"))
	}
	return list
}

// gatewayProxy returns gateway-proxy with what of its guilds it keeps for bots that begin.
func gatewayProxy(name, program string, keeps ...string) contender {
	return contender{name: name, prepare: func(dir string, g wire.Hello, shards, port int) (env, command []string, token string, err error) {
		cache := make(map[string]bool)
		for _, what := range []string{"channels", "presences", "emojis", "current_member", "members", "roles", "scheduled_events",
			"stage_instances", "stickers", "users", "voice_states"} {
			cache[what] = false
		}
		for _, what := range keeps {
			cache[what] = true
		}
		config, err := json.Marshal(map[string]any{
			"log_level": "warn", "token": g.Token, "intents": gateway.IntentsAll, "port": port, "shards": shards, "cache": cache,
			"externally_accessible_url": "ws://127.0.0.1:" + strconv.Itoa(port),
			"twilight_http_proxy":       strings.TrimPrefix(strings.TrimSuffix(g.APIURL, "/api/v10"), "http://"),
		})
		if err != nil {
			return nil, nil, "", err
		}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600); err != nil {
			return nil, nil, "", err
		}
		program, err := filepath.Abs(program)
		// It reads its configuration from where it runs.
		return []string{"GATEWAY_URL=" + g.URL}, []string{"/bin/sh", "-c", `cd "$0" && exec "$1"`, dir, program}, g.Token, err
	}}
}
