package sandbox

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// traceWriter reports intercepted calls.
type traceWriter struct {
	mu  sync.Mutex
	o   *Trace
	all bool
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
}

func newTraceWriter(o *Trace) *traceWriter {
	return &traceWriter{o: o, all: o.Mode == "all"}
}

// wants says whether the mode covers a call.
func (w *traceWriter) wants(c *tracer.Call) bool {
	switch w.o.Mode {
	case "all":
		return true
	case "unhandled":
		return c.Ent.Support == tracer.Refused
	}
	return len(c.Ent.Paths) > 0
}

// entry is told of a call when it has been decided on.
func (w *traceWriter) entry(h *handler, c *tracer.Call) {
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
	r := &record{V: 1, Pid: c.Task.Tid, Call: c.Ent.Name, Args: fmt.Sprint(c.Ent.Name, c.Args)}
	for n := range c.Ent.Paths {
		p := &c.Ent.Paths[n]
		if c.Args[p.Arg] == 0 {
			continue
		}
		if s, err := read(c.Args[p.Arg]); err == nil {
			r.Paths = append(r.Paths, s)
			if c.Ref(int(p.Arg)) && n < len(h.res) {
				r.Host = append(r.Host, hostText(&h.res[n], s))
			}
		}
	}
	switch {
	case c.Answered():
		r.What = "answered"
		v := c.Value()
		r.Ret = &v
		w.write(c.Ent, r)
		return
	case c.Rewritten():
		r.What = "rewritten"
	default:
		r.What = "native"
	}
	w.write(c.Ent, r)
}

func hostText(r *fsview.Resolution, raw string) string {
	if r.Relative {
		return raw
	}
	return string(r.Host)
}

func (w *traceWriter) write(ent *tracer.Sysent, r *record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.o.Format == "json" {
		b, err := json.Marshal(r)
		if err == nil {
			w.o.Out.Write(append(b, '\n'))
		}
		return
	}
	line := fmt.Sprintf("%d %s", r.Pid, r.Args)
	if r.Ret != nil {
		line += fmt.Sprint(" = ", *r.Ret)
	}
	for _, p := range r.Host {
		line += " -> " + p
	}
	fmt.Fprintln(w.o.Out, line)
}
