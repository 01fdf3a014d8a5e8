package sandbox

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// overlay makes an overlay. Its directories are found in the guest, and
// handed over by descriptor, so that nothing outside of the view can take their
// place. They must be plain ones: a directory of another overlay is several.
func (id *identity) overlay(c *tracer.Call, flags fsview.Flags, data string) (*fsview.Tree, unix.Errno) {
	var held []int
	defer func() {
		for _, fd := range held {
			unix.Close(fd)
		}
	}()
	// hold finds a directory; what the view forbids to change cannot be the
	// upper one.
	hold := func(name string, write bool) (string, unix.Errno) {
		at, e := id.place(c, name, -1, 1, true)
		switch {
		case e != 0:
			return "", e
		case !at.dir:
			return "", unix.EINVAL
		case at.mount.Union() != nil || at.mount.Kind == fsview.Proc || write && at.mount.Flags&fsview.ReadOnly != 0:
			return "", unix.EINVAL
		}
		fd, err := unix.FcntlInt(uintptr(at.fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return "", errno(err)
		}
		held = append(held, fd)
		return "/proc/self/fd/" + itoa(fd), 0
	}
	l := &fsview.Layers{}
	var e unix.Errno
	for w := range splitOptions(data) {
		name, v, _ := strings.Cut(w, "=")
		switch name {
		case "lowerdir":
			for dir := range splitLayers(v) {
				p, e := hold(dir, false)
				if e != 0 {
					return nil, e
				}
				l.Lower = append(l.Lower, p)
			}
		case "upperdir":
			l.Upper, e = hold(unescapeLayer(v), true)
		case "workdir":
			l.Work, e = hold(unescapeLayer(v), true)
		case "volatile":
			l.Volatile = true
		case "userxattr", "index", "xino", "redirect_dir", "metacopy", "nfs_export", "uuid", "":
			if v != "" && v != "off" && v != "nofollow" && v != "auto" && v != "null" {
				e = unix.EINVAL
			}
		default:
			e = unix.EINVAL
		}
		if e != 0 {
			return nil, e
		}
	}
	if l.Upper != "" && l.Work == "" || len(l.Lower) == 0 {
		return nil, unix.EINVAL
	}
	t, err := id.h.view.NewTree(fsview.Mount{Kind: fsview.Overlay, Layers: l, Flags: flags})
	if err != nil {
		id.h.log.Info("an overlay cannot be mounted", "err", err)
		return nil, cause(err)
	}
	return t, 0
}

// splitOptions splits mount options at commas that no backslash precedes.
func splitOptions(s string) func(func(string) bool) { return splitEscaped(s, ',') }

// splitLayers splits lower directories at colons that no backslash precedes.
func splitLayers(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for l := range splitEscaped(s, ':') {
			if !yield(unescapeLayer(l)) {
				return
			}
		}
	}
}

func splitEscaped(s string, sep byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		start := 0
		for i := 0; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case sep:
				if !yield(s[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(s[start:])
	}
}

func unescapeLayer(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
