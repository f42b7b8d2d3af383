package engine_test

import (
	"bytes"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// secretToken is not of the alphabet of anything else that is printed.
const secretToken = "MTk4NjIyNDgz.sEcReT.ZnCjm1XVW7vRze4b7Cq4se7kKWs"

// TestNothingPrintsTheToken: every type that the package exports is printed in every
// way, alone and inside of a user's values, whose unexported fields hide our methods
// from fmt. None of it holds the token, in any spelling.
func TestNothingPrintsTheToken(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		p := newPrinter(t)
		var logs lockedText
		srv := gatewaytest.NewServer(t, gatewaytest.WithToken(secretToken), gatewaytest.WithShards(2), gatewaytest.WithMaxConcurrency(2),
			gatewaytest.WithIdentifyInterval(0))
		sessions := engine.NewFileSessions(filepath.Join(t.TempDir(), "sessions"))
		queue := &engine.RecordingQueue{}
		config := engine.Config{
			Token: engine.NewToken("Bot " + secretToken), Intents: gateway.IntentsAll, APIURL: srv.APIURL(), TLS: srv.TLSConfig(),
			Driver: driver, IdentifyQueue: queue, Sessions: sessions, Retries: 1,
			Logger:   slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
			PerShard: func(id int, c *engine.ShardConfig) { show(p, *c) },
		}
		var clone *engine.Event
		var kept sync.Once
		c := connect(t, srv, func(c *engine.Config) { *c = config }, func(e *engine.Engine) {
			e.On(gateway.AllDispatches().Union(gateway.Events(gateway.EventHello, gateway.EventStateChanged, gateway.EventClosed, gateway.EventSessionLost, gateway.EventSessionResumed, gateway.EventGuildsReady)), func(ev *engine.Event) {
				if !p.fresh(ev.Name()) {
					return
				}
				show(p, ev)
				for _, detail := range []func() (any, bool){
					func() (any, bool) { return ev.Closed() }, func() (any, bool) { return ev.StateChange() },
					func() (any, bool) { return ev.SessionLost() }, func() (any, bool) { return ev.SessionResumed() },
					func() (any, bool) { return ev.GuildsReady() },
				} {
					if d, ok := detail(); ok {
						show(p, d)
					}
				}
				kept.Do(func() { clone = ev.Clone() })
			})
			show(p, e) // before Run
		})
		for i := range 2 {
			eventually(t, "READY", func() bool { s := c.Shard(i); return s != nil && s.State() == engine.Ready })
		}
		show(p, c.Engine)
		srv.Drop(1)
		srv.InvalidateSession(0, false)
		eventually(t, "the second READY", func() bool { return c.Shard(1).View().Resumes > 0 && c.Shard(1).State() == engine.Ready })
		for s := range c.Shards() {
			show(p, s)
			show(p, s.View())
			show(p, s.Session())
			_, err := s.Close(t.Context(), 1, "")
			show(p, err)
			show(p, s.Send(t.Context(), []byte(secretToken)))
		}
		show(p, config)
		show(p, config.Token)
		show(p, clone)
		show(p, engine.NewEvent("X", nil))
		show(p, c.Stats())
		show(p, c.Loops())
		show(p, c.Budget())
		show(p, engine.NewLocalQueue(1))
		show(p, engine.UnlimitedQueue{})
		show(p, srv)
		show(p, srv.Sessions())
		show(p, srv.Report())
		c.end(t)

		// A dumper follows pointers, and reads what is not exported. The tables and
		// buffers of the standard library are not ours.
		p.ended()
		show(p, queue)
		show(p, queue.Records())
		show(p, sessions)
		show(p, c.Engine)
		show(p, clone)
		show(p, config)
		p.dump(c.Engine)
		p.dump(config.Token)
		for s := range c.Shards() {
			p.dump(s)
		}

		snapshot, err := sessions.Load(t.Context())
		show(p, err)
		show(p, snapshot)
		memory := &engine.MemorySessions{}
		_ = memory.Save(t.Context(), snapshot)
		show(p, memory)
		text, err := snapshot.AppendText(nil)
		show(p, err)
		p.find("the session file", string(text))
		_ = sessions.Close()

		// Mistakes and failures.
		for _, bad := range []string{secretToken + " ", "Bearer " + secretToken, "mfa." + secretToken} {
			_, err := engine.New(engine.Config{Token: engine.NewToken(bad), GatewayURL: "x", Shards: engine.Shards{Total: -1}})
			var one *engine.ConfigError
			if !errors.As(err, &one) {
				t.Fatal(err)
			}
			show(p, one)
			show(p, err)
		}
		srv.ResetToken()
		for _, edit := range []func(*engine.Config){
			func(c *engine.Config) { c.Sessions = nil },
			func(c *engine.Config) {
				c.Sessions, c.APIURL, c.GatewayURL, c.Shards = nil, "", srv.URL(), engine.Shards{Total: 1}
			},
			func(c *engine.Config) { c.Token = engine.NewToken("another.bot.sToken") },
		} {
			again := config
			edit(&again)
			e, err := engine.New(again)
			if err != nil {
				t.Fatal(err)
			}
			err = e.Run(t.Context())
			show(p, err)
			for err, ok := err.(interface{ Unwrap() []error }); ok; err, ok = err.Unwrap()[0].(interface{ Unwrap() []error }) {
				show(p, err.Unwrap()[0])
			}
		}
		echo := errors.New("an error")
		show(p, &engine.CloseError{Code: 4004, Peer: true})
		show(p, &engine.BudgetError{})
		show(p, &engine.ShardBudgetError{})
		show(p, &engine.AnswerError{Err: echo})
		show(p, &engine.RateLimitedError{Err: echo})
		show(p, &engine.DamagedSessionsError{Err: echo})
		p.find("the log", logs.String())
		p.types("../engine", map[string]string{
			"AsyncOptions": "has numbers only", "AsyncPolicy": "is a number", "Cause": "is a number",
			"SoundboardSounds": "has what Discord answered", "ChannelInfo": "likewise", "MembersChunk": "likewise",
		})
	})
}

// printer prints values, and looks for the token.
type printer struct {
	t     *testing.T
	forms []string // spellings of the token
	verbs string
	again []func() // what was shown so far

	mu   sync.Mutex
	seen map[string]bool // names of types
}

func newPrinter(t *testing.T) *printer {
	// A verb that is none for pointers has fmt print what a hidden one points to, and %w
	// what any does: while an engine runs, that would be a race.
	p := &printer{t: t, verbs: "vdxXboT", seen: map[string]bool{}}
	raw := []byte(secretToken)
	list := strings.Trim(fmt.Sprint(raw[:12]), "[]")
	p.forms = []string{
		secretToken, hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), fmt.Sprintf("% x", raw),
		list, strings.ReplaceAll(list, " ", ","), strings.Trim(strings.TrimPrefix(fmt.Sprintf("%#v", raw[:12]), "[]byte"), "{}"),
	}
	for shift := range 3 { // where the token lies among other bytes decides on the letters
		text := base64.RawURLEncoding.EncodeToString(append(make([]byte, shift), raw...))
		p.forms = append(p.forms, text[4:len(text)-4], strings.NewReplacer("-", "+", "_", "/").Replace(text[4:len(text)-4]))
	}
	return p
}

// ended prints what was shown again, with all verbs.
func (p *printer) ended() {
	p.t.Helper()
	p.verbs = "vsqxXdtbcoOUeEfFgGTw"
	again := p.again
	p.again = nil
	for _, show := range again {
		show()
	}
}

// find looks for the token in a text.
func (p *printer) find(what, text string) {
	p.t.Helper()
	for _, form := range p.forms {
		if i := strings.Index(text, form); i >= 0 {
			p.t.Errorf("%s shows the token: …%.200s…", what, text[max(0, i-80):])
			return
		}
	}
}

// hiding is a user's struct.
type hiding[T any] struct {
	name  string
	value T
	any   any
	list  []T
	table map[string]T
	inner struct{ value T }
}

// show prints a value in every way. The error of an encoder is one too.
func show[T any](p *printer, x T) {
	p.t.Helper()
	p.note(reflect.TypeOf(x))
	if _, borrowed := any(x).(*engine.Event); !borrowed && len(p.verbs) < 10 {
		p.later(func() { show(p, x) })
	}
	h := hiding[T]{"x", x, x, []T{x}, map[string]T{"x": x}, struct{ value T }{x}}
	for _, v := range []any{x, &x, h, &h, []T{x}, map[string]any{"x": x}, [1]any{x}, struct{ T any }{x}, struct{ X *hiding[T] }{&h}} {
		what := fmt.Sprintf("a %T", v)
		for _, verb := range p.verbs {
			for _, flags := range []string{"", "+", "#", "-30", "030.2", " ", "+#"} {
				p.find(what+" with %"+flags+string(verb), fmt.Sprintf("%"+flags+string(verb), v))
			}
		}
		p.find(what, fmt.Sprint(v, fmt.Errorf("%w %v", errors.Join(fmt.Errorf("%v", v)), v)))
		var out bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(handler).With("a", v).WithGroup("g").Info("x", "v", v, slog.Group("h", "v", v))
		}
		p.find(what+" in slog", out.String())
		object, err := json.Marshal(v)
		p.find(what+" in JSON", fmt.Sprint(string(object), err))
		element, err := xml.Marshal(v)
		p.find(what+" in XML", fmt.Sprint(string(element), err))
		out.Reset()
		err = gob.NewEncoder(&out).Encode(v)
		p.find(what+" in gob", fmt.Sprint(out.String(), err))
		out.Reset()
		err = template.Must(template.New("").Parse("{{.}} {{printf `%#v` .}} {{js .}}")).Execute(&out, v)
		p.find(what+" in a template", fmt.Sprint(out.String(), err))
		func() {
			defer func() { p.find(what+" in a panic", fmt.Sprint(recover())) }()
			panic(v)
		}()
	}
}

func (p *printer) later(show func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.again = append(p.again, show)
}

// fresh reports whether a name is asked for the first time.
func (p *printer) fresh(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.seen[name]
	p.seen[name] = true
	return !was
}

// note writes down the types that a value shows.
func (p *printer) note(t reflect.Type) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		if t == nil || p.seen[t.String()] {
			return
		}
		p.seen[t.String()] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(t.Elem())
		case reflect.Struct:
			for f := range t.Fields() {
				if f.IsExported() {
					walk(f.Type)
				}
			}
		}
	}
	walk(t)
}

// types holds what was printed against what the package exports.
func (p *printer) types(folder string, exempt map[string]string) {
	p.t.Helper()
	all := 0
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			p.t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.TYPE {
				continue
			}
			for _, spec := range gen.Specs {
				spec := spec.(*ast.TypeSpec)
				name := spec.Name.Name
				if _, isInterface := spec.Type.(*ast.InterfaceType); isInterface || !spec.Name.IsExported() {
					continue
				}
				all++
				if _, ok := exempt[name]; !ok && !p.seen["engine."+name] {
					p.t.Errorf("engine.%s was not printed", name)
				}
			}
		}
	}
	if all < 30 {
		p.t.Errorf("found only %d types", all)
	}
}

// dump reads all that can be reached from a value.
func (p *printer) dump(root any) {
	p.t.Helper()
	type place struct {
		t reflect.Type
		p uintptr
	}
	been := map[place]bool{}
	texts := 0
	var walk func(path string, v reflect.Value)
	walk = func(path string, v reflect.Value) {
		if !v.IsValid() {
			return
		}
		if pkg := v.Type().PkgPath(); pkg != "" && !strings.Contains(pkg, "sluice") && v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]() {
			return
		}
		switch v.Kind() {
		case reflect.String:
			texts++
			p.find(path, v.String())
		case reflect.Pointer, reflect.Map, reflect.Slice:
			if v.IsNil() || been[place{v.Type(), v.Pointer()}] {
				return
			}
			been[place{v.Type(), v.Pointer()}] = true
			switch {
			case v.Kind() == reflect.Pointer:
				walk(path, v.Elem())
			case v.Kind() == reflect.Map:
				for i := v.MapRange(); i.Next(); {
					walk(path+" key", i.Key())
					walk(path+"[]", i.Value())
				}
			case v.Type().Elem().Kind() == reflect.Uint8:
				texts++
				p.find(path, string(v.Bytes()))
			default:
				for i := range v.Len() {
					walk(path+"[]", v.Index(i))
				}
			}
		case reflect.Interface:
			walk(path, v.Elem())
		case reflect.Array:
			for i := range v.Len() {
				walk(path+"[]", v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		}
	}
	walk(fmt.Sprintf("%T", root), reflect.ValueOf(root))
	if _, token := root.(engine.Token); texts == 0 && !token {
		p.t.Errorf("found nothing in a %T", root)
	}
}

// lockedText collects a log.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
