package fsview

import (
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// target is a mount point, resolved.
type target struct {
	guest   string // canonical
	missing string // the topmost part of it that the view lacks; "" if none
	dir     bool   // it is there, and a directory
}

// target resolves a mount point in the view built so far. Symlinks are
// followed in the guest, dangling ones too (a rootfs' /etc/resolv.conf often
// points into an empty /run): what they lead to is then supplied. Below a
// missing component there is nothing to resolve, so ".." is lexical there.
func (b *builder) target(name string) (t target, err error) {
	links := 0
	rest := name
	t.guest, t.dir = "/", true
	for {
		rest = strings.TrimLeft(rest, "/")
		comp, more, _ := strings.Cut(rest, "/")
		if comp == "" {
			return t, nil
		}
		if len(comp) > nameMax {
			return t, unix.ENAMETOOLONG
		}
		rest = more
		switch {
		case comp == ".":
			continue
		case comp == "..":
			t.guest = path.Dir(t.guest)
			if len(t.guest) < len(t.missing) {
				t.missing = ""
			}
			t.dir = true
			continue
		case !t.dir:
			return t, fmt.Errorf("%s: %w", t.guest, unix.ENOTDIR)
		}
		next := path.Join(t.guest, comp)
		if t.missing != "" {
			t.guest = next
			continue
		}
		mode, body, e := b.look(next)
		switch {
		case e == unix.ENOENT:
			t.missing = next
		case e != 0:
			return t, fmt.Errorf("%s: %w", next, e)
		case mode&unix.S_IFMT == unix.S_IFLNK:
			if links++; links > maxLinks {
				return t, unix.ELOOP
			}
			if body[0] == '/' {
				t.guest = "/"
			}
			rest = body + "/" + rest
			continue
		default:
			t.dir = mode&unix.S_IFMT == unix.S_IFDIR
		}
		t.guest = next
	}
}

// look describes the canonical guest path, and reads it if it is a symlink.
func (b *builder) look(guest string) (mode uint32, body string, e unix.Errno) {
	v := b.v
	var r Resolution
	if e = v.Resolve(&Request{Path: guest, Hold: true}, &r); e != 0 {
		return 0, "", e
	}
	st, e := v.fs.Stat(r.Held)
	v.Release(&r)
	if e != 0 || st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return st.Mode, "", e
	}
	if r.Mount.Kind == Proc {
		return 0, "", unix.EINVAL // no mount point depends on who asks
	}
	if r.Mount.ov != nil {
		buf := make([]byte, pathMax)
		n, e := r.Mount.ov.readlink(r.Mount.Rel(guest), buf)
		return st.Mode, string(buf[:n]), e
	}
	if e = v.Resolve(&Request{Path: guest, Op: Create, Hold: true}, &r); e != 0 {
		return 0, "", e
	}
	buf := make([]byte, pathMax)
	n, e := v.fs.Readlink(r.Held, path.Base(guest), buf)
	v.Release(&r)
	if e == 0 && n == 0 {
		e = unix.ENOENT
	}
	return st.Mode, string(buf[:n]), e
}
