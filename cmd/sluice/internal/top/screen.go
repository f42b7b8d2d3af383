//go:build aix || darwin || dragonfly || freebsd || linux || netbsd || openbsd || solaris || windows

package top

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// Run shows the engine on a terminal until ctx ends or the user quits.
func Run(ctx context.Context, c *Client, o Options, in io.Reader, out io.Writer) error {
	first, err := c.Look(ctx) // a wrong address is an error, and no screen
	if err != nil {
		return err
	}
	m := &screen{ctx: ctx, client: c, options: o, now: first, width: 80, height: 24}
	_, err = tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler()).Run()
	if ctx.Err() != nil {
		return nil // the screen has been put back
	}
	if err != nil {
		return fmt.Errorf("cannot draw: standard input and output must be a terminal (%w); for programs there is JSON at %s", err, c.base.JoinPath("api/v1/engine").Redacted())
	}
	return nil
}

// screen is what is shown, as Bubble Tea's model.
type screen struct {
	ctx           context.Context
	client        *Client
	options       Options
	before, now   *Snapshot
	failure       error // of the last look
	width, height int
	first         int // row that is shown
}

// looked is the result of a look.
type looked struct {
	snapshot *Snapshot
	err      error
}

// due says that it is time to look.
type due struct{}

// Init implements tea.Model.
func (m *screen) Init() tea.Cmd { return m.later() }

func (m *screen) later() tea.Cmd {
	return tea.Tick(m.options.Interval, func(time.Time) tea.Msg { return due{} })
}

// Update implements tea.Model.
func (m *screen) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case due:
		return m, func() tea.Msg {
			s, err := m.client.Look(m.ctx)
			return looked{s, err}
		}
	case looked:
		if m.failure = msg.err; msg.err == nil {
			m.before, m.now = m.now, msg.snapshot
		}
		return m, m.later()
	case tea.KeyPressMsg:
		return m, m.key(msg.String())
	}
	return m, nil
}

// key does what a key means.
func (m *screen) key(key string) tea.Cmd {
	page := max(1, m.height-6)
	switch key {
	case "q", "esc", "ctrl+c":
		return tea.Quit
	case "s":
		m.options.Order = ByShard
	case "r":
		m.options.Order = ByRate
	case "l":
		m.options.Order = ByLatency
	case "c":
		m.options.Order = ByCallbacks
	case "n":
		m.options.Order = ByReconnects
	case "tab":
		m.options.Order = (m.options.Order + 1) % orders
	case "up", "k":
		m.first--
	case "down", "j":
		m.first++
	case "pgup":
		m.first -= page
	case "pgdown", "space":
		m.first += page
	case "home", "g":
		m.first = 0
	case "end", "G":
		m.first = len(m.now.Shards)
	}
	m.first = max(0, min(m.first, len(m.now.Shards)-page))
	return nil
}

// View implements tea.Model.
func (m *screen) View() tea.View {
	v := tea.NewView(m.text())
	v.AltScreen = true
	v.WindowTitle = "sluice top"
	return v
}

// Styles of a terminal (ECMA-48, section 8.3.117), which every terminal in use knows.
const (
	bold, faint, inverse, red, yellow, green, plain = "\x1b[1m", "\x1b[2m", "\x1b[7m", "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[0m"
)

// stateColour is red for shards that are away, yellow for those that are coming.
func stateColour(s *Shard) string {
	switch {
	case s.Stalled, s.State == "Disconnected", s.State == "Stopped":
		return red
	case s.State == "Ready":
		return green
	}
	return yellow
}

// text returns the screen: a head of three lines, the list, the keys.
func (m *screen) text() string {
	var b strings.Builder
	e := &m.now.Engine
	line := func(style, text string) {
		b.WriteString(style + cut(text, m.width) + plain + "\n")
	}
	head := fmt.Sprintf("%s  %d of %d shards ready", e.Title, e.Ready, e.Shards)
	for _, state := range []string{"Disconnected", "Connecting", "AwaitingHello", "Queued", "Identifying", "Resuming", "Closing", "Stopped"} {
		if n := e.States[state]; n > 0 {
			head += fmt.Sprintf(", %d %s", n, state)
		}
	}
	line(bold, head)
	line("", fmt.Sprintf("%s events/s   %sB/s wire, %sB/s JSON   heartbeats %s, 99%% %s   callbacks %.3f s/s   memory %sB",
		short(e.Rates.Events), short(e.Rates.Wire), short(e.Rates.JSON), period(seconds(e.Rates.Latency50)), period(seconds(e.Rates.Latency99)),
		e.Rates.Callbacks, short(float64(e.Memory))))
	losses := fmt.Sprintf("%d reconnects   %d events and %d sessions lost", e.Totals.Reconnects, e.Totals.Missing, e.Totals.SessionsLost)
	if e.Budget.Total > 0 {
		losses += fmt.Sprintf("   %d of %d identifies left until %s", e.Budget.Remaining, e.Budget.Total, e.Budget.ResetAt.Local().Format("15:04:05"))
	}
	line("", losses)
	title := ""
	for o, text := range [...]string{"   shard", "  events/s", "  latency", " callbacks", " reconnects"} {
		if Order(o) == m.options.Order {
			text = text[:len(text)-len(strings.TrimLeft(text, " "))-1] + "▾" + strings.TrimLeft(text, " ")
		}
		title += text
		if o == 0 {
			title += "  state        "
		}
	}
	line(inverse, title+strings.Repeat(" ", max(0, m.width-len(title))))
	list := rows(m.before, m.now, m.options.Order)
	room := max(1, m.height-6)
	for i := m.first; i < min(len(list), m.first+room); i++ {
		r := &list[i]
		state := r.State
		if r.Stalled {
			state = "stalled"
		}
		line(stateColour(&r.Shard), fmt.Sprintf("%8d  %-13s%10s%9s%9.2f%%%11d", r.ID, state, short(r.rate), period(r.Latency), r.busy*100, r.Reconnects))
	}
	for range room - max(0, min(len(list)-m.first, room)) {
		b.WriteByte('\n')
	}
	if m.failure != nil {
		line(red, "as of "+m.now.At.Local().Format("15:04:05")+": "+m.failure.Error())
	} else {
		b.WriteByte('\n')
	}
	b.WriteString(faint + cut("sort: s shard, r rate, l latency, c callbacks, n reconnects · ↑↓ PgUp PgDn · q quits", m.width) + plain)
	return b.String()
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// cut returns as much of a text as has room, and nothing that a terminal would obey.
func cut(text string, width int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
	n := 0
	for i := range text {
		if n == width {
			return text[:i]
		}
		n++
	}
	return text
}
