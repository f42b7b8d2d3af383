package demo

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestProgressInPlainLines(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b)
	p.update("%d of 2", 1)
	p.update("%d of 2", 2)
	p.line("ready")
	p.end()
	if got, want := b.String(), "1 of 2\n2 of 2\nready\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A terminal shows one line, of which nothing longer remains.
func TestProgressLive(t *testing.T) {
	var b bytes.Buffer
	p := &progress{w: &b, live: true}
	p.update("a long line")
	p.update("µ")
	p.line("ready")
	p.update("x")
	p.end()
	p.end()
	want := "\ra long line" + "\rµ" + "          " + "\r " + "\r" + "ready\n" + "\rx" + "\r " + "\r"
	if got := b.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestIsTerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	defer writer.Close()
	for name, target := range map[string]*os.File{"file": file, "pipe": writer} {
		if isTerminal(target) {
			t.Errorf("a %s is no terminal", name)
		}
	}
	if isTerminal(&bytes.Buffer{}) {
		t.Error("a buffer is no terminal")
	}
}
