package engine

import (
	"context"
	"fmt"
	"log/slog"
)

// redactHandler keeps the token out of everything that is logged, whoever put
// it there: a gateway may echo it in a close reason, a proxy in an error page.
// Passing events are not logged, so the cost does not matter.
type redactHandler struct {
	next  slog.Handler
	token Token
}

func newLogger(l *slog.Logger, token Token) *slog.Logger {
	if l == nil {
		l = slog.Default()
	}
	return slog.New(redactHandler{next: l.Handler(), token: token})
}

func (h redactHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h redactHandler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, redact(r.Message, h.token), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h redactHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return redactHandler{next: h.next.WithAttrs(clean), token: h.token}
}

func (h redactHandler) WithGroup(name string) slog.Handler {
	return redactHandler{next: h.next.WithGroup(name), token: h.token}
}

func (h redactHandler) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(redact(v.String(), h.token))
	case slog.KindAny:
		switch x := v.Any().(type) {
		case error:
			v = slog.StringValue(redact(x.Error(), h.token))
		case fmt.Stringer:
			v = slog.StringValue(redact(x.String(), h.token))
		case []byte:
			v = slog.StringValue(redact(string(x), h.token))
		}
	case slog.KindGroup:
		group := v.Group()
		clean := make([]slog.Attr, len(group))
		for i, g := range group {
			clean[i] = h.attr(g)
		}
		v = slog.GroupValue(clean...)
	}
	return slog.Attr{Key: redact(a.Key, h.token), Value: v}
}
