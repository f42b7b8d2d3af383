package plan

import (
	"math/rand/v2"

	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// EndChaos has no further fault be drawn.
func (p *Plan) EndChaos() {
	p.turns.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dice = nil
}

// dice draws faults for WithChaos. The plan's lock guards it.
type dice struct {
	*rand.Rand
	every int
}

func newDice(seed uint64, every int) *dice {
	return &dice{rand.New(rand.NewPCG(seed, 0)), every}
}

// at returns what happens at a point, if anything.
func (d *dice) at(point fault.Point) (f fault.Fault, ok bool) {
	if d == nil {
		return f, false
	}
	actions := chaosActions[point]
	if len(actions) == 0 || d.IntN(d.every) != 0 {
		return f, false
	}
	f = actions[d.IntN(len(actions))]
	f.Point = point
	chooseMalformed(&f, d.Rand)
	return f, true
}

// chooseMalformed draws which envelope a fault of chaos sends.
func chooseMalformed(f *fault.Fault, random *rand.Rand) {
	if f.Action == fault.ActionMalformed {
		names := fault.Malformed()
		f.Text = names[random.IntN(len(names))]
	}
}

// chaosActions is what WithChaos chooses from. What a client notices only after a deadline of its
// own is rare.
var chaosActions = map[fault.Point][]fault.Fault{
	fault.AtUpgrade:   chaosFaults("refuse 503", "refuse 429", "wrong-accept", "reset", "drop"),
	fault.AtHello:     chaosFaults("reconnect", "close 4000", "reset", "drop", "cut-frames 1", "cut-records 3"),
	fault.AtIdentify:  chaosFaults("invalid-session false", "close 4000", "reset"),
	fault.AtResume:    chaosFaults("invalid-session false", "close 4007", "close 4009", "close 4000", "reset"),
	fault.AtHeartbeat: chaosFaults("burst 50", "reset", "request-heartbeat"),
	fault.AtReplay:    chaosFaults("reset", "close 4000", "reconnect"),
	fault.AtBurst:     chaosFaults("reset", "reconnect", "tear"),
	fault.AtEvent: chaosFaults(
		"close 1000", "close 1001", "close 1011", "close 4000", "close 4001", "close 4002", "close 4003", "close 4005",
		"close 4007", "close 4008", "close 4009", "drop", "reset", "tear", "hang",
		"reconnect", "invalid-session true", "invalid-session false", "request-heartbeat",
		"stall-reads 20ms", "stall-writes 20ms", "cut-frames 7", "cut-records 5",
		"corrupt", "truncate", "bomb 268435456", "malformed null", "repeat", "back 3", "skip 3"),
}

// chaosFaults parses actions, which are part of this package.
func chaosFaults(lines ...string) []fault.Fault {
	faults := make([]fault.Fault, len(lines))
	for i, line := range lines {
		if err := faults[i].ParseAction(line); err != nil {
			panic(err)
		}
	}
	return faults
}
