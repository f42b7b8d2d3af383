package browser

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/monitor"
	"github.com/sluice-go/sluice/gatewaytest"
)

var pictures = flag.String("pictures", "", "directory to write pictures of the page to")

const credential = "a-credential-for-tests"

// browser returns a context with a page in a Chromium, or skips the test.
func browser(t *testing.T, width, height int64, dark bool) context.Context {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no Chromium is installed: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.WindowSize(int(width), int(height)))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's sandbox refuses root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err == nil && m.Type == chromedp.ConsoleException {
				t.Errorf("the page's script failed: %+v", m)
			}
		}
	}()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	do(t, ctx, chromedp.EmulateViewport(width, height), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
	return ctx
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// js returns the value of an expression of the page's script.
func js[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression of the page's script to be true.
func until(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(time.Minute); !js[bool](t, ctx, "Boolean("+expression+")"); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: did not come\n%s", expression, js[string](t, ctx, "document.body.innerText"))
		}
	}
}

// bot is an engine with a gateway, and the page's address.
type bot struct {
	*engine.Engine
	gateway *gatewaytest.Server
	url     string
}

func newBot(t *testing.T, shards int, options ...gatewaytest.Option) *bot {
	options = append(options, gatewaytest.WithShards(shards), gatewaytest.WithTLS(false), gatewaytest.WithMaxConcurrency(shards),
		gatewaytest.WithIdentifyInterval(0), gatewaytest.WithSessionStartLimit(100_000, 100_000))
	srv := gatewaytest.NewServer(t, options...)
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), Shards: engine.Shards{Total: shards},
		IdentifyQueue: identify.NewLocal(shards), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := monitor.New(monitor.Config{Engine: eng, Title: "a large bot", Credential: credential, Level: new(slog.LevelVar)})
	if err != nil {
		t.Fatal(err)
	}
	l, err := monitor.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- eng.Run(ctx) }()
	go func() { ended <- monitor.Serve(ctx, l, m) }()
	t.Cleanup(func() {
		m.Close()
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	b := &bot{eng, srv, "http://" + l.Addr().String()}
	b.eventually(t, func() bool { return b.ready() == shards })
	return b
}

func (b *bot) ready() (n int) {
	for s := range b.Shards() {
		if s.State() == lifecycle.Ready {
			n++
		}
	}
	return n
}

func (b *bot) eventually(t *testing.T, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(2 * time.Minute); !is(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%v, %+v", b.Engine, b.Stats())
		}
	}
}

// picture writes a picture of the page, if one is asked for.
func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*pictures, name), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// openPage opens the page and waits for the grid.
func openPage(t *testing.T, ctx context.Context, b *bot, shards int) {
	t.Helper()
	do(t, ctx, chromedp.Navigate(b.url+"/"))
	until(t, ctx, fmt.Sprintf(`window.sluice && sluice.grid.states.length === %d && sluice.grid.counts()[6] === %[1]d`, shards))
}

// clickShard clicks a shard's mark.
func clickShard(t *testing.T, ctx context.Context, id int) {
	t.Helper()
	do(t, ctx, chromedp.ScrollIntoView("#grid"))
	at := js[[]float64](t, ctx, fmt.Sprintf(`(() => {
		const r = document.getElementById("grid").getBoundingClientRect(), [x, y] = sluice.grid.place(%d), s = sluice.grid.size / 2;
		return [r.x + x + s, r.y + y + s]; })()`, id))
	do(t, ctx, chromedp.MouseClickXY(at[0], at[1]))
}

// TestPage: a dropped shard shows within a second, a click opens it, a restart needs the
// credential.
func TestPage(t *testing.T) {
	b := newBot(t, 12)
	ctx := browser(t, 1280, 900, false)
	openPage(t, ctx, b, 12)

	// The time is the browser's own, from the drop's happening to its mark.
	js[int](t, ctx, `window.seen = 0; (() => { const g = sluice.grid, update = g.update.bind(g);
		g.update = (list) => { const known = update(list); if (!seen && list.some((s) => s[0] === 5)) requestAnimationFrame(() => { seen = Date.now(); }); return known; }; return 0; })()`)
	dropped := time.Now()
	b.gateway.CloseWith(5, 4000, "for a test")
	until(t, ctx, `seen > 0`)
	took := time.UnixMilli(js[int64](t, ctx, `seen`)).Sub(dropped)
	t.Logf("a dropped shard is shown after %v", took)
	if took > time.Second {
		t.Errorf("a dropped shard is shown after %v", took)
	}
	until(t, ctx, `document.getElementById("incidents").textContent.includes("Shard 5 was dropped") && document.getElementById("incidents").textContent.includes("nothing was lost")`)

	clickShard(t, ctx, 5)
	until(t, ctx, `!document.getElementById("panel").hidden && document.getElementById("p-title").textContent === "Shard 5 of 12" &&
		document.getElementById("p-body").textContent.includes("for a test")`)

	resumed := b.Stats().Resumed
	do(t, ctx, chromedp.SendKeys("#credential", "wrong-credential-xx"), chromedp.Click("#p-restart"))
	until(t, ctx, `document.getElementById("p-answer").textContent === "the credential is missing or wrong"`)
	if n := b.Stats().Reconnects; n != 1 {
		t.Errorf("%d reconnects, want 1", n)
	}
	do(t, ctx, chromedp.SetValue("#credential", credential), chromedp.Click("#p-restart"))
	until(t, ctx, `document.getElementById("p-answer").textContent === "Now shard 5 is restarted."`)
	b.eventually(t, func() bool { return b.Stats().Resumed > resumed && b.ready() == 12 })

	// By keyboard alone: close, go to a mark, open it.
	do(t, ctx, chromedp.KeyEvent("\x1b"))
	until(t, ctx, `document.getElementById("panel").hidden`)
	do(t, ctx, chromedp.Focus("#grid"), chromedp.KeyEvent("\u0303"), chromedp.KeyEvent("\u0303"), chromedp.KeyEvent("\r"))
	until(t, ctx, `!document.getElementById("panel").hidden && document.getElementById("p-title").textContent.startsWith("Shard ")`)
}

// TestPageWithoutScript shows the essentials, and its forms work.
func TestPageWithoutScript(t *testing.T) {
	b := newBot(t, 3)
	ctx := browser(t, 800, 900, false)
	do(t, ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.Navigate(b.url+"/shards/1"), chromedp.SendKeys(`form[action$="/restart"] input[name=credential]`, credential),
		chromedp.Submit(`form[action$="/restart"] input[name=credential]`))
	b.eventually(t, func() bool { return b.Stats().Resumed == 1 && b.ready() == 3 })
	// The page tells what was seen at the last look, which is a second ago at most.
	b.eventually(t, func() bool {
		do(t, ctx, chromedp.Navigate(b.url+"/"))
		text, err := chromedp.Run(ctx, chromedp.Text("body"))
		if err != nil {
			t.Fatal(err)
		}
		return contains(text, "3 shards are ready", "shard 1 is restarted", "Events")
	})
}

// TestManyShards draws 10,000 marks, of which 500 change in every frame, and tells how many
// frames that makes. How many it is depends on the machine, and on what else it does.
func TestManyShards(t *testing.T) {
	b := newBot(t, 1)
	ctx := browser(t, 1280, 900, false)
	openPage(t, ctx, b, 1)
	js[int](t, ctx, `(() => {
		const g = sluice.grid, began = performance.now();
		g.set([{ total: 10000, states: "6".repeat(10000) }]);
		g.set = () => {}; // the bot has one shard, which the page would go back to
		window.frames_ = 0; window.script_ = 0; window.took_ = 0;
		const draw = g.draw.bind(g);
		g.draw = (now) => { const t = performance.now(); draw(now); script_ += performance.now() - t; };
		const frame = (now) => {
			g.update(Array.from({ length: 500 }, (_, k) => [k * 20 + frames_ % 20, 10000, frames_ % 9]));
			frames_++;
			if (now - began < 3000) requestAnimationFrame(frame); else took_ = now - began;
		};
		requestAnimationFrame(frame);
		return 0;
	})()`)
	until(t, ctx, `took_ > 0`)
	frames, took, script := js[float64](t, ctx, `frames_`), js[float64](t, ctx, `took_`), js[float64](t, ctx, `script_`)
	t.Logf("10,000 shards, 500 changes a frame: %.0f frames a second, %.2f ms of script for each", frames/took*1000, script/frames)
	if n := js[int](t, ctx, `sluice.grid.states.length`); n != 10_000 {
		t.Errorf("%d marks", n)
	}
}
