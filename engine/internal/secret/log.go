package secret

import (
	"context"
	"fmt"
	"log/slog"
)

// handler keeps the secret out of everything that is logged, whoever put
// it there: a gateway may echo it in a close reason, a proxy in an error page.
// Passing events are not logged, so the cost does not matter.
type handler struct {
	next   slog.Handler
	secret Secret
}

// Logger returns a logger that has the same handler, and keeps the secret out of
// everything that reaches it; nil stands for slog.Default().
func (s Secret) Logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		l = slog.Default()
	}
	return slog.New(handler{next: l.Handler(), secret: s})
}

func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, h.secret.Redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return handler{next: h.next.WithAttrs(clean), secret: h.secret}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{next: h.next.WithGroup(name), secret: h.secret}
}

func (h handler) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(h.secret.Redact(v.String()))
	case slog.KindAny:
		switch x := v.Any().(type) {
		case error:
			v = slog.StringValue(h.secret.Redact(x.Error()))
		case fmt.Stringer:
			v = slog.StringValue(h.secret.Redact(x.String()))
		case []byte:
			v = slog.StringValue(h.secret.Redact(string(x)))
		}
	case slog.KindGroup:
		group := v.Group()
		clean := make([]slog.Attr, len(group))
		for i, g := range group {
			clean[i] = h.attr(g)
		}
		v = slog.GroupValue(clean...)
	}
	return slog.Attr{Key: h.secret.Redact(a.Key), Value: v}
}
