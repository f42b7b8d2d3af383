//go:build !plan9 && !aix

package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// plain tells an error in words of the command: without the names of packages, and with flags in the place of the fields that
// these set.
func plain(err error) string {
	text := err.Error()
	for _, name := range []string{"fleet: ", "embedded: ", "bridge: ", "engine: ", "publish: "} {
		text = strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(text, name), ": "+name, ": "), "\n"+name, "\n")
	}
	return inFlags.Replace(text)
}

// inFlags has what programs set, and what users of the command do. What has more words stands before what has less.
var inFlags = strings.NewReplacer(
	"leave Total out, or change the number with Reshard", "leave --total out, or change the number with sluice-fleet reshard",
	"the credentials in Config.Options", "NATS_USER, NATS_PASSWORD, --creds, --nats-ca, --nats-cert and --nats-key",
	"Config.Dir", "--dir", "Config.Listen", "--listen", "Config.Cluster", "--cluster", "Config.Join", "--join",
	"Config.NATS", "--nats", "Config.Name", "--name", "Config.Total", "--total", "Config.Capacity", "--capacity",
	"Config.Replicas", "--replicas", "Config.Lease", "--lease", "Config.SaveEvery", "--save-every",
	"Config.APIURL", "--api-url", "Config.Conn", "--nats",
)

// takes wants arguments of these names and no others. SHARD and TOTAL are numbers.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(names) == 0 && len(args) > 0 {
			return fmt.Errorf("unexpected argument %q: %s takes flags only", args[0], cmd.CommandPath())
		}
		if len(args) != len(names) {
			return fmt.Errorf("want %s %s, not %d arguments", cmd.CommandPath(), strings.Join(names, " "), len(args))
		}
		for i, name := range names {
			if n, err := strconv.Atoi(args[i]); (name == "SHARD" || name == "TOTAL") && (err != nil || n < 0) {
				return fmt.Errorf("%s is a number such as 16, not %q", name, args[i])
			}
		}
		return nil
	}
}
