// Package protocol is what the Go programs have in common: JSON lines out, one command in.
package protocol

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
)

// What the harness sets.
var (
	API         = os.Getenv("API_URL")     // https://127.0.0.1:1/api/v10
	Gateway     = os.Getenv("GATEWAY_URL") // wss://127.0.0.1:2
	Token       = os.Getenv("DISCORD_TOKEN")
	Compression = os.Getenv("COMPRESSION") // "": the library's default
)

var mu sync.Mutex

// Say writes one line.
func Say(line map[string]any) {
	b, err := json.Marshal(line)
	if err != nil {
		panic(err) // lines are made of strings and numbers
	}
	mu.Lock()
	defer mu.Unlock()
	fmt.Printf("%s\n", b)
}

// Log says a warning or an error of the library's.
func Log(level, text string) { Say(map[string]any{"e": "log", "level": level, "text": text}) }

// Logger returns a logger that says warnings and errors.
func Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(lines{}, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

type lines struct{}

func (lines) Write(b []byte) (int, error) {
	level := "warning"
	if strings.Contains(string(b), "level=ERROR") {
		level = "error"
	}
	Log(level, strings.TrimSpace(string(b)))
	return len(b), nil
}

// Quit returns a context that ends when the harness says quit.
func Quit() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		cancel()
	}()
	return ctx
}
