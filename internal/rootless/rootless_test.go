package rootless

import (
	"bytes"
	"testing"
)

// What umoci writes, byte for byte.
func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		r    Resource
		want []byte
	}{
		{Resource{}, nil},
		{Resource{UID: 1}, []byte{0x08, 1}},
		{Resource{GID: 42}, []byte{0x10, 42}},
		{Resource{UID: 1000, GID: 1000}, []byte{0x08, 0xe8, 0x07, 0x10, 0xe8, 0x07}},
		{Resource{UID: NoOp}, []byte{0x08, 0xff, 0xff, 0xff, 0xff, 0x0f}},
	} {
		if got := tt.r.Marshal(); !bytes.Equal(got, tt.want) {
			t.Errorf("%+v: % x, want % x", tt.r, got, tt.want)
		}
		if got, err := Unmarshal(tt.want); err != nil || got != tt.r {
			t.Errorf("% x: %+v, %v", tt.want, got, err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	r := Resource{UID: 33, GID: 7, Mode: 0o20000 | 0o666, HostMode: 0o100644, Rdev: 0x103}
	if got, err := Unmarshal(r.Marshal()); err != nil || got != r {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestUnknownFields(t *testing.T) {
	b := []byte{0x1a, 2, 0xff, 0xff, 0x08, 5, 0x25, 1, 2, 3, 4, 0x29, 1, 2, 3, 4, 5, 6, 7, 8, 0x08, 6}
	if got, err := Unmarshal(b); err != nil || got != (Resource{UID: 6}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMalformed(t *testing.T) {
	for _, b := range [][]byte{{0x08}, {0x80}, {0x1a, 5, 1}, {0x0b}, {0x25, 1}, {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}} {
		if got, err := Unmarshal(b); err == nil || got != (Resource{}) {
			t.Errorf("% x: %+v, %v", b, got, err)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte{0x08, 5, 0x10, 6})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Unmarshal(b)
		if err != nil {
			return
		}
		if again, err := Unmarshal(r.Marshal()); err != nil || again != r {
			t.Errorf("%+v became %+v, %v", r, again, err)
		}
	})
}
