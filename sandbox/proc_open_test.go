package sandbox

import (
	"testing"

	"github.com/ptbox/ptbox/fsview"
)

func TestTextName(t *testing.T) {
	mem := fsview.NewMem()
	for _, d := range []string{"/root/proc", "/root/s", "/proc"} {
		mem.AddDir(d)
	}
	v, err := fsview.New(fsview.Config{
		FS: mem, Root: fsview.Mount{Source: "/root"}, Links: &handler{},
		Mounts: []fsview.Mount{{Target: "/proc", Kind: fsview.Proc}, {Target: "/s", Source: "/proc"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	proc, sys := v.MountAt("/proc"), v.MountAt("/s")
	h := &handler{mntNS: &mntNS{view: v, below: map[*fsview.Mount]string{proc: "", sys: "sys/"}}}
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
	for _, s := range []string{"/memfd:ptbox-text", "/memfd:x", "/x/ptbox-text.1.7!maps", ""} {
		if got, ok := h.textName(s); ok {
			t.Errorf("%q is %q", s, got)
		}
	}
	if got, ok := h.textName("/memfd:" + textPrefix + "0.7!maps"); !ok || got != "/proc/7/maps" {
		t.Errorf("a text from another namespace is %q, %v", got, ok)
	}
}
