package cred

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestNew(t *testing.T) {
	r := New(0, 0, nil)
	if r.Permitted != AllCaps || r.Effective != AllCaps || r.Inheritable != 0 || r.Bounding != AllCaps {
		t.Errorf("root: %+v", r)
	}
	u := New(5, 6, []uint32{9, 7})
	if u.Effective != 0 || u.Bounding != AllCaps || !u.InGroup(6) || !u.InGroup(7) || u.InGroup(8) {
		t.Errorf("user: %+v", u)
	}
}

func TestDropRoot(t *testing.T) {
	c := New(0, 0, nil)
	if e := c.SetRESUID(Keep, 33, Keep); e != 0 || c.Effective != 0 || c.Permitted != AllCaps {
		t.Errorf("%v %+v", e, c)
	}
	if e := c.SetRESUID(Keep, 0, Keep); e != 0 || c.Effective != AllCaps {
		t.Errorf("%v %+v", e, c)
	}
	if e := c.SetUID(33); e != 0 || c.Permitted != 0 || c.UID != all(33) {
		t.Errorf("%v %+v", e, c)
	}
	if e := c.SetUID(0); e != unix.EPERM {
		t.Errorf("came back: %v", e)
	}
}

func TestKeepCaps(t *testing.T) {
	c := New(0, 0, nil)
	c.Prctl(unix.PR_SET_KEEPCAPS, [4]uint64{1})
	c.SetUID(33)
	if c.Permitted != AllCaps || c.Effective != 0 {
		t.Errorf("%+v", c)
	}
	c.Exec(File{})
	if c.Permitted != 0 || c.Securebits != 0 {
		t.Errorf("after exec %+v", c)
	}
}

func TestExec(t *testing.T) {
	root, user := New(0, 0, nil), New(5, 6, nil)
	nnp, amb, half := user, user, user
	nnp.NoNewPrivs = true
	amb.Permitted, amb.Inheritable, amb.Ambient = 8, 8, 8
	half.UID.Effective, half.UID.FS = 0, 0
	suid := File{UID: 0, SetUID: true}
	for _, tt := range []struct {
		name   string
		c      Cred
		f      File
		euid   uint32
		perm   Caps
		eff    Caps
		secure bool
	}{
		{"root", root, File{UID: 9}, 0, AllCaps, AllCaps, false},
		{"user", user, File{}, 5, 0, 0, false},
		{"set-user-ID root", user, suid, 0, AllCaps, AllCaps, true},
		{"no_new_privs", nnp, suid, 5, 0, 0, false},
		{"set-user-ID other", root, File{UID: 9, SetUID: true}, 9, AllCaps, 0, true},
		{"ambient", amb, File{}, 5, 8, 8, false},
		{"ambient and set-user-ID", amb, File{UID: 9, SetUID: true}, 9, 0, 0, true},
		{"effective root", half, File{}, 0, AllCaps, AllCaps, true},
		{"file capabilities", user, File{Caps: &FileCaps{Permitted: 4, Effective: true}}, 5, 4, 4, true},
		{"file capabilities, no_new_privs", nnp, File{Caps: &FileCaps{Permitted: 4, Effective: true}}, 5, 0, 0, false},
	} {
		c := tt.c
		secure := c.Exec(tt.f)
		if c.UID.Effective != tt.euid || c.UID.Saved != tt.euid || c.UID.FS != tt.euid || c.Permitted != tt.perm || c.Effective != tt.eff || secure != tt.secure {
			t.Errorf("%s: secure %v, %+v", tt.name, secure, c)
		}
	}
}

func TestAccess(t *testing.T) {
	root, user := New(0, 0, nil), New(5, 6, []uint32{7})
	back := user
	back.UID = IDs{5, 0, 0, 0}
	for _, tt := range []struct {
		c              *Cred
		uid, gid, mode uint32
		want           uint32
		ok             bool
	}{
		{&root, 5, 5, 0o100000, unix.R_OK | unix.W_OK, true},
		{&root, 5, 5, 0o100644, unix.X_OK, false},
		{&root, 5, 5, 0o100001, unix.X_OK, true},
		{&root, 5, 5, 0o040000, unix.X_OK | unix.W_OK, true},
		{&user, 5, 6, 0o100077, unix.R_OK, false}, // the owner's bits alone count
		{&user, 9, 6, 0o100707, unix.R_OK, false},
		{&user, 9, 7, 0o100040, unix.R_OK, true},
		{&user, 9, 9, 0o100004, unix.R_OK, true},
		{&user, 9, 9, 0o100004, unix.R_OK | unix.W_OK, false},
		{&user, 9, 9, 0o100000, 0, true},
	} {
		if got := tt.c.Access(tt.uid, tt.gid, tt.mode, tt.want); got != tt.ok {
			t.Errorf("%d:%d %o for %d on %d: %v", tt.uid, tt.gid, tt.mode, tt.want, tt.c.UID.FS, got)
		}
	}
	if back.AccessReal(0, 0, 0o100600, unix.R_OK) {
		t.Error("access(2) looks at the effective id")
	}
	if n := root; !n.AccessReal(9, 9, 0o100000, unix.R_OK) {
		t.Error("root's access(2)")
	}
}

func TestMaySignal(t *testing.T) {
	root, a, b := New(0, 0, nil), New(5, 5, nil), New(6, 6, nil)
	suid := a
	suid.UID = IDs{5, 0, 0, 0}
	if !root.MaySignal(&a) || a.MaySignal(&b) || !a.MaySignal(&a) || !a.MaySignal(&suid) || a.MaySignal(&root) {
		t.Error("wrong")
	}
}
