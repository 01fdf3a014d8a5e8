package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// logger says where diagnostics go: to the file name, or to standard error,
// and there only errors if not all are asked for. The file is closed by the
// caller.
func (p *program) logger(name string, all bool) (*slog.Logger, io.Closer, error) {
	level := slog.LevelError
	if all || name != "" {
		level = slog.LevelDebug
	}
	if name == "" {
		return slog.New(&logHandler{w: p.stderr, level: level}), io.NopCloser(nil), nil
	}
	// Not truncated: several runs may share a log.
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND|unix.O_CLOEXEC, 0o666)
	if err != nil {
		return nil, nil, fmt.Errorf("log %s: %w", name, cause(err))
	}
	return slog.New(&logHandler{w: f, level: level, times: true}), f, nil
}

// logHandler writes a record as one line, like everything that ptbox says:
// "ptbox: warning: MESSAGE: KEY VALUE, …". Groups are not used.
type logHandler struct {
	w     io.Writer
	level slog.Level
	times bool
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (l *logHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= l.level }

// Handle implements slog.Handler. One write keeps lines of different threads
// apart.
func (l *logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	if l.times {
		b.WriteString(r.Time.UTC().Format(time.RFC3339Nano) + " ")
	}
	b.WriteString("ptbox: ")
	switch {
	case r.Level >= slog.LevelError:
	case r.Level >= slog.LevelWarn:
		b.WriteString("warning: ")
	default:
		b.WriteString("note: ")
	}
	b.WriteString(r.Message)
	sep := ": "
	attr := func(a slog.Attr) bool {
		text := a.Value.String()
		if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			text = fmt.Sprintf("%q", text) // a guest may have chosen it
		}
		b.WriteString(sep + a.Key + " " + text)
		sep = ", "
		return true
	}
	for _, a := range l.attrs {
		attr(a)
	}
	r.Attrs(attr)
	b.WriteString("\n")
	_, err := io.WriteString(l.w, b.String())
	return err
}

// WithAttrs implements slog.Handler.
func (l *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *l
	n.attrs = append(n.attrs[:len(n.attrs):len(n.attrs)], attrs...)
	return &n
}

// WithGroup implements slog.Handler.
func (l *logHandler) WithGroup(string) slog.Handler { return l }
