package sandbox

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
)

// hide adds the masked and the read-only paths. Both are paths of the guest,
// and what is not there is left out, as runtimes do.
func hide(o *Options, masked, readonly []string) error {
	for _, p := range masked {
		o.Mounts = append(o.Mounts, fsview.Mount{Target: p, Kind: fsview.Mask})
	}
	if len(readonly) == 0 {
		return nil
	}
	// A read-only path is the same object once more, with a restriction: what
	// it is on the host only a view can tell.
	var scratch string
	root, mounts := o.View()
	v, err := fsview.New(fsview.Config{
		Root:   root,
		Mounts: mounts,
		Links:  noLinks{},
		Scratch: func() (dir string, err error) {
			scratch, err = os.MkdirTemp("", "ptbox-")
			return scratch, err
		},
	})
	defer func() {
		if scratch != "" {
			_ = removeAll(scratch)
		}
	}()
	if err != nil {
		return failed("view", "", err, "")
	}
	defer v.Close()
	for _, p := range readonly {
		var r fsview.Resolution
		e := v.Resolve(&fsview.Request{Path: p, Op: fsview.Lookup, Follow: true, NeedHost: true}, &r)
		if e == unix.ENOENT || e == unix.ENOTDIR {
			continue
		}
		if e != 0 {
			return failed("config", p, fmt.Errorf("/linux/readonlyPaths: %w", e), "")
		}
		m := r.Mount
		switch {
		case r.Guest == m.Target:
			// A whole mount: its own entry becomes read-only, and what lies
			// behind it (a scratch directory, say) stays what it is.
			restrict(o, p, m)
		case m.Kind == fsview.Tmpfs || m.Kind == fsview.Mask || m.Kind == fsview.Synth:
			// Empty, and not the directory of the view that will be used.
		default:
			host := string(r.Host)
			o.Mounts = append(o.Mounts, fsview.Mount{Target: p, Source: host, Kind: BindKind(host), Flags: m.Flags | fsview.ReadOnly})
		}
	}
	return nil
}

// restrict makes the mount that the resolved mount m came from read-only.
func restrict(o *Options, target string, m *fsview.Mount) {
	if m.Target == "/" {
		o.RootFlags |= fsview.ReadOnly
		return
	}
	for i := len(o.Mounts) - 1; i >= 0; i-- {
		if t := o.Mounts[i].Target; t == target || t == m.Target {
			o.Mounts[i].Flags |= fsview.ReadOnly
			return
		}
	}
}

// noLinks follows no symlink of a procfs: nobody is there yet to own one.
type noLinks struct{}

// Link refuses.
func (noLinks) Link(any, string) fsview.Link {
	return fsview.Link{Kind: fsview.LinkDenied, Errno: unix.EACCES}
}
