package fsview

import "golang.org/x/sys/unix"

// Guest returns the guest path of a canonical host path. Where several mounts
// show it, the one with the longest Source is taken, the latest among equals;
// places that another mount covers do not count.
func (v *View) Guest(host string) (guest string, ok bool) { return v.guestNear(host, nil) }

// guestNear is Guest with a mount that is preferred if it shows the path.
func (v *View) guestNear(host string, near *Mount) (guest string, ok bool) {
	v.places(host, func(g string, m *Mount) bool {
		at := near == nil || m == near || m.of == near
		if at || !ok {
			guest, ok = g, true
		}
		return !at
	})
	return guest, ok
}

// Places calls f with each place of the view that shows a canonical host path,
// until f returns false.
func (v *View) Places(host string, f func(guest string, m *Mount) bool) {
	v.places(host, func(g string, m *Mount) bool {
		if m.of != nil {
			m = m.of
		}
		return f(g, m)
	})
}

// places is Places with the layers of an Overlay as they are.
func (v *View) places(host string, f func(guest string, m *Mount) bool) {
	if host == "" || host[0] != '/' {
		return
	}
	if host == "/" {
		host = ""
	}
	for _, m := range v.back {
		if len(host) < m.slen || host[:m.slen] != m.Source[:m.slen] {
			continue
		}
		rest := host[m.slen:]
		if rest != "" && (rest[0] != '/' || !m.IsDir()) {
			continue
		}
		g := m.Target[:m.tlen] + rest
		if g == "" {
			g = "/"
		}
		if at := v.MountAt(g); at != m && at != m.of {
			continue
		}
		if !f(g, m) {
			return
		}
	}
}

// Ambiguous reports whether some directory of m is shown at another place of
// the view as well, so that a host path does not tell where it was meant.
func (v *View) Ambiguous(m *Mount) bool {
	for _, l := range m.sources() {
		if v.ambiguous(m, l) {
			return true
		}
	}
	return false
}

// ambiguous is Ambiguous for the source l of real.
func (v *View) ambiguous(real, m *Mount) bool {
	for _, o := range v.back {
		if o == real || o.of == real || o.Kind == Synth || real.Kind == Synth {
			continue
		}
		in, out := m, o // in's source lies in out's
		if in.slen < out.slen {
			in, out = out, in
		}
		if in.Source[:out.slen] != out.Source[:out.slen] {
			continue
		}
		rest := in.Source[out.slen:in.slen]
		if rest != "" && rest[0] != '/' {
			continue
		}
		if g := out.Target[:out.tlen] + rest; g != in.Target[:in.tlen] && (v.MountAt(g) == out || v.MountAt(g) == out.of) {
			return true
		}
	}
	return false
}

// GuestOf returns the guest path of a base directory, as it is now: renames
// are seen. The path is kept in b; where a directory shows up in several
// places, the one that b had before is preferred. For a deleted directory it is
// the last path, and b.Deleted is set.
func (v *View) GuestOf(b *Base) (guest string, ok bool) {
	p, live := v.fs.Path(b.Dir, v.path[:0])
	if p == nil {
		return "", false
	}
	v.path = p
	b.Deleted = !live
	if b.Guest != "" && v.shows(b.Guest, p) {
		return b.Guest, true
	}
	var near *Mount
	if b.Guest != "" {
		// Renamed: it is still in the mount through which it was reached.
		near = v.MountAt(b.Guest)
	}
	if guest, ok = v.guestNear(string(p), near); ok {
		b.Guest = guest
		v.covered(b, guest)
	}
	return guest, ok
}

// Shows says whether the guest path shows the host path.
func (v *View) Shows(guest, host string) bool { return v.shows(guest, []byte(host)) }

func (v *View) shows(guest string, host []byte) bool {
	if guest == "/" {
		guest = ""
	}
	if string(host) == "/" {
		host = host[:0]
	}
	m := v.MountAt(guest)
	if m.ov != nil {
		return false
	}
	return len(guest) >= m.tlen && len(host) == m.slen+len(guest)-m.tlen &&
		string(host[:m.slen]) == m.Source[:m.slen] && string(host[m.slen:]) == guest[m.tlen:]
}

// Explain resolves path from the guest's root and reports every step, for
// people. Links are asked with a nil caller.
func (v *View) Explain(path string, follow bool) ([]Step, Resolution, unix.Errno) {
	var steps []Step
	var r Resolution
	e := v.Resolve(&Request{Path: path, Follow: follow, Trace: func(s Step) { steps = append(steps, s) }}, &r)
	return steps, r, e
}
