package sandbox

import (
	"testing"

	"github.com/ptbox/ptbox/fsview"
)

func TestTextName(t *testing.T) {
	root, proc, sys := &fsview.Mount{Target: "/"}, &fsview.Mount{Target: "/proc", Kind: fsview.Proc}, &fsview.Mount{Target: "/s"}
	h := &handler{procfs: procfs{
		table: []*fsview.Mount{root, proc, sys},
		below: map[*fsview.Mount]string{proc: "", sys: "sys/"},
	}}
	for _, c := range []struct {
		m         *fsview.Mount
		rel, want string
	}{
		{proc, "7/maps", "/proc/7/maps"},
		{proc, "7/task/8/net/unix", "/proc/7/task/8/net/unix"},
		{sys, "sys/kernel/hostname", "/s/kernel/hostname"},
	} {
		tag := h.textTag(c.m, c.rel)
		kernel := "/memfd:" + tag + " (deleted)"
		if got, ok := h.textName(kernel); !ok || got != c.want {
			t.Errorf("%s is %q, %v; want %q", kernel, got, ok, c.want)
		}
	}
	for _, s := range []string{"/memfd:ptbox-text", "/memfd:x", "/x/ptbox-text.1.7!maps", "/memfd:ptbox-text.9.x", "/memfd:ptbox-text.-1.x", ""} {
		if got, ok := h.textName(s); ok {
			t.Errorf("%q is %q", s, got)
		}
	}
}
