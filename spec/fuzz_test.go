package spec

import (
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Options of a mount come from bundles, and from the guest's own mount(2).
func FuzzParseOptions(f *testing.F) {
	f.Add("tmpfs", "size=10%,mode=1777,nr_inodes=5k,ro,noexec")
	f.Add("overlay", `lowerdir=/a\:b:/c,upperdir=/u,workdir=/w,volatile`)
	f.Add("bind", "rbind,rro,rnosuid,remount,rw")
	f.Add("tmpfs", "size=0x1e,size=99999999999999999999,size=-1,size=1_0,mode=8")
	f.Fuzz(func(t *testing.T, typ, text string) {
		m := &specs.Mount{Type: typ, Options: strings.Split(text, ",")}
		o := ParseOptions(m, Caller{})
		if o.Set&o.Clear != 0 || o.Mode&^0o47777 != 0 || o.Size%pageSize != 0 && o.Size != 0 {
			t.Errorf("%q: %+v", m.Options, o)
		}
		if len(o.Bad)+len(o.Notes) > len(m.Options) {
			t.Errorf("%q: %d complaints", m.Options, len(o.Bad)+len(o.Notes))
		}
		for _, p := range append(o.Bad, o.Notes...) {
			if !strings.HasPrefix(p.Pointer, "/options/") || p.Text == "" {
				t.Errorf("%q: %+v", m.Options, p)
			}
		}
		for _, key := range []string{"size", "nr_blocks", "nr_inodes"} {
			if n, err := TmpfsLimit(key, text); err == nil && n > 1<<63 {
				t.Errorf("%s=%s: %d", key, text, n)
			}
		}
	})
}
