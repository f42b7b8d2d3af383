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
)

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
func (p *printer) types(exempt map[string]string, folders ...string) {
	p.t.Helper()
	all := 0
	var files []string
	for _, folder := range folders {
		list, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			p.t.Fatal(err)
		}
		files = append(files, list...)
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
				full := parsed.Name.Name + "." + name
				if _, ok := exempt[name]; !ok && !p.seen[full] {
					p.t.Errorf("%s was not printed", full)
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
