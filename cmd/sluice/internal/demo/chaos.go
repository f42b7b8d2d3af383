package demo

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

const (
	// chaosHeartbeat is short, so that a connection that hangs is soon noticed.
	chaosHeartbeat = 5 * time.Second

	// chaosStarts is the session start limit, a shard: more than 20 identifies in
	// 10 minutes would be a storm of them.
	chaosStarts = 20

	// recovery is how long the shards may take to be ready when the faults have
	// ended: more than any deadline and the longest backoff together.
	recovery = 3 * time.Minute
)

// patience returns for how long shards may not become ready, beside waiting for
// their turn to identify.
func (o *Options) patience() time.Duration {
	if o.Chaos {
		return recovery // the first ones meet faults when the last have not begun
	}
	return time.Minute
}

// pause returns for how long nothing may come at the end, though something is
// missing. A shard may have a bomb to work off first, of as many bytes as
// engine.Config's MaxPayload, or have to notice a connection that hangs.
func (o *Options) pause() time.Duration {
	if o.Chaos {
		return time.Minute
	}
	return 3 * time.Second
}

// ChaosArgs returns what the gateway's process is called with so that each of so many
// shards meets a fault after each interval.
func ChaosArgs(shards int, every time.Duration, seed uint64) []string {
	return []string{
		fmt.Sprintf("--chaos-interval=%v", every),
		fmt.Sprintf("--chaos-seed=%d", seed),
		fmt.Sprintf("--heartbeat-interval=%v", chaosHeartbeat),
		fmt.Sprintf("--session-start-limit=%d", max(1000, chaosStarts*shards)),
	}
}

// chaosFigures is what --chaos adds to the summary.
type chaosFigures struct {
	Seed               uint64           `json:"seed"`
	Faults             map[string]int64 `json:"faults"` // by kind
	FaultsTotal        int64            `json:"faults_total"`
	AnnouncedLosses    int64            `json:"announced_losses"`    // events
	WrongAnnouncements int64            `json:"wrong_announcements"` // those that do not fit what came, or did not come
	SessionsLost       uint64           `json:"sessions_lost"`
	Gaps               uint64           `json:"gaps"`                // that ended a connection, to be filled by a resume
	Unborn             int64            `json:"sessions_unborn"`     // cut off before READY came
	IdentifyViolations int64            `json:"identify_violations"` // sent too early, or beyond the session start limit
	IdentifiesRefused  int64            `json:"identifies_refused"`  // that came too early for the gateway
	Recovery           float64          `json:"recovery_s"`          // from the end of the faults to all shards ready

	// Closes are the close codes that the engine sent first.
	Closes map[gateway.CloseCode]int64 `json:"closes"`
}

// calm ends the faults and waits until every shard is ready. A signal does not
// end the waiting: what is to be counted is still on its way.
func (d *demo) calm() (time.Duration, error) {
	if !d.options.Chaos {
		return 0, nil
	}
	if err := d.child.EndChaos(); err != nil {
		return 0, err
	}
	began := time.Now()
	d.awaitRenewed(nil, recovery)
	return time.Since(began), nil
}

// chaosFigures sums up.
func (d *demo) chaosFigures(a account, report *gatewaytest.Report, recovered time.Duration) *chaosFigures {
	if !d.options.Chaos {
		return nil
	}
	stats := d.engine.Stats()
	f := &chaosFigures{
		Seed:               d.child.Hello().ChaosSeed,
		Faults:             report.Faults,
		AnnouncedLosses:    a.announced,
		WrongAnnouncements: a.mistakes,
		SessionsLost:       stats.SessionsLost,
		Gaps:               stats.Gaps,
		Unborn:             a.unborn,
		IdentifyViolations: d.tally.identifies.early() + report.ExcessIdentifies,
		IdentifiesRefused:  report.EarlyIdentifies,
		Recovery:           round(recovered.Seconds()),
	}
	for _, n := range report.Faults {
		f.FaultsTotal += n
	}
	return f
}

// farewell takes down how the engine closed its connections, to the very last.
func (d *demo) farewell(f *chaosFigures) error {
	if f == nil {
		return nil
	}
	report, err := d.child.Report()
	if err == nil {
		f.Closes = report.Closes
	}
	return err
}

// verdict is nil if every loss was announced rightly, no limit of identifies was
// broken, and no session was ended by this side.
func (f *chaosFigures) verdict() (errs []error) {
	if f == nil {
		return nil
	}
	if f.WrongAnnouncements != 0 {
		errs = append(errs, fmt.Errorf("%d losses were announced wrongly, or not at all", f.WrongAnnouncements))
	}
	if f.IdentifyViolations != 0 {
		errs = append(errs, fmt.Errorf("%d identifies broke a limit", f.IdentifyViolations))
	}
	if n := f.Closes[1000] + f.Closes[1001]; n != 0 {
		errs = append(errs, fmt.Errorf("%d connections were closed with 1000 or 1001, which ends the session", n))
	}
	if len(errs) > 0 {
		errs = append(errs, fmt.Errorf("the same faults come again with --seed %d", f.Seed))
	}
	return errs
}

// print writes the figures for people.
func (f *chaosFigures) print(w io.Writer) error {
	if f == nil {
		return nil
	}
	kinds := make([]string, 0, len(f.Faults))
	for _, kind := range slices.Sorted(maps.Keys(f.Faults)) {
		kinds = append(kinds, fmt.Sprintf("%s (%d)", kind, f.Faults[kind]))
	}
	_, err := fmt.Fprintf(w, `chaos          seed %d, %d faults; all ready %.1f s behind the last
faults         %s
losses         %d events announced: %d sessions lost; wrong announcements %d
identifies     %d broke a limit, %d were refused; %d sessions were cut off before READY
`,
		f.Seed, f.FaultsTotal, f.Recovery,
		strings.Join(kinds, ", "),
		f.AnnouncedLosses, f.SessionsLost, f.WrongAnnouncements,
		f.IdentifyViolations, f.IdentifiesRefused, f.Unborn)
	return err
}
