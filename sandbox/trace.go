package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// traceWriter reports calls (docs/trace.md). A record is begun at the entry of
// a call, where its strings can be read, and written when the result is known.
type traceWriter struct {
	mu   sync.Mutex
	o    *Trace
	open map[*tracer.Task]*record
}

// record is one reported call. The field names are a stable format.
type record struct {
	V     int      `json:"v"`
	Pid   int      `json:"pid"`
	Call  string   `json:"call"`
	Args  string   `json:"args"`
	Paths []string `json:"paths,omitempty"`
	Host  []string `json:"host,omitempty"`
	Ret   *int64   `json:"ret,omitempty"`
	Error string   `json:"error,omitempty"`
	What  string   `json:"what"`

	ent *tracer.Sysent
}

func newTraceWriter(o *Trace) *traceWriter {
	return &traceWriter{o: o, open: map[*tracer.Task]*record{}}
}

// every reports whether calls matter that do not stop on their own.
func (w *traceWriter) every() bool { return w.o.Mode == "all" || w.o.Mode == "unhandled" }

// wants says whether the mode covers a call.
func (w *traceWriter) wants(c *tracer.Call) bool {
	switch w.o.Mode {
	case "all":
		return true
	case "unhandled":
		return c.Ent.Support == tracer.Refused
	}
	return len(c.Ent.Paths) > 0 || c.Ent.Class == tracer.ClassCwd
}

// seen is told of a call when it has been decided on.
func (w *traceWriter) seen(c *tracer.Call) {
	if !w.wants(c) {
		return
	}
	read := func(addr uint64) (string, error) {
		s, e := c.String(addr, 4096)
		if e != 0 {
			return "", e
		}
		return s, nil
	}
	r := &record{V: 1, Pid: c.Task.Tid, Call: c.Ent.Name, ent: c.Ent, What: "native"}
	if c.Ent.Name == "unknown" {
		r.Args = strconv.Itoa(c.Nr)
	} else {
		args := string(tracer.AppendCall(nil, c.Ent, c.GuestArgs(), read))
		r.Args = strings.TrimSuffix(strings.TrimPrefix(args, c.Ent.Name+"("), ")")
	}
	for n := range c.Ent.Paths {
		arg := int(c.Ent.Paths[n].Arg)
		if c.Args[arg] == 0 {
			continue
		}
		s, err := read(c.Args[arg])
		if err != nil {
			continue
		}
		host := ""
		if p, ok := c.PathAt(arg); ok && !c.Answered() && !strings.HasPrefix(string(p), textPrefix) {
			host = hostText(string(p))
		}
		r.Paths, r.Host = append(r.Paths, s), append(r.Host, host)
	}
	if c.Answered() {
		r.What = "answered"
		w.end(r, c.Value())
		return
	}
	if c.Rewritten() {
		r.What = "rewritten"
	}
	w.open[c.Task] = r
	c.Watch(func(res *tracer.Result) {
		delete(w.open, res.Task)
		w.end(r, res.Val)
	})
}

// hostText is a path for the kernel as people write it: an exec pads it with
// slashes (exec.go).
func hostText(p string) string {
	if s := strings.TrimLeft(p, "/"); len(p)-len(s) > 1 {
		return "/" + s
	}
	return p
}

// execed is told of an exec, which has no result of its own.
func (w *traceWriter) execed(t *tracer.Task) {
	if r := w.open[t]; r != nil {
		delete(w.open, t)
		w.end(r, 0)
	}
}

// gone is told of the end of a task. The call that it is in does not return.
func (w *traceWriter) gone(t *tracer.Task) {
	if r := w.open[t]; r != nil {
		delete(w.open, t)
		w.write(r)
	}
}

func (w *traceWriter) end(r *record, v int64) {
	r.Ret = &v
	if v < 0 && v >= -4095 {
		r.Error = unix.ErrnoName(unix.Errno(-v))
	}
	w.write(r)
}

func (w *traceWriter) write(r *record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.o.Format == "json" {
		if b, err := json.Marshal(r); err == nil {
			w.o.Out.Write(append(b, '\n'))
		}
		return
	}
	w.o.Out.Write(append(r.text(nil), '\n'))
}

// text is the record as strace(1) would write it, with the host's paths at its
// end.
func (r *record) text(b []byte) []byte {
	b = strconv.AppendInt(b, int64(r.Pid), 10)
	b = append(b, ' ')
	b = append(append(b, r.Call...), '(')
	b = append(append(b, r.Args...), ") "...)
	if r.Ret == nil {
		b = append(b, "= ?"...)
	} else {
		b = tracer.AppendResult(b, r.ent, *r.Ret)
	}
	for i, h := range r.Host {
		if h != "" && h != r.Paths[i] {
			b = strconv.AppendQuote(append(b, " -> "...), h)
		}
	}
	return b
}
