package tracer

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// passwd maps one path to another, as the talk's example did.
type passwd struct{ calls int }

func (p *passwd) Syscall(c *Call) {
	p.calls++
	for i := range c.Ent.Paths {
		a := int(c.Ent.Paths[i].Arg)
		b, e := c.Path(a, i)
		if e != 0 {
			continue
		}
		if string(b) == "/etc/passwd" {
			c.SetPath(a, []byte("/etc/hostname"))
		}
	}
}
func (p *passwd) Result(*Result)  {}
func (p *passwd) Fork(_, _ *Task) {}
func (p *passwd) Exec(*Task)      {}
func (p *passwd) Exit(*Task)      {}
func (p *passwd) FSGone(*FS)      {}

func runTraced(t *testing.T, cfg Config, argv ...string) (Exit, *Tracer) {
	t.Helper()
	type out struct {
		e   Exit
		tr  *Tracer
		err error
	}
	done := make(chan out)
	go func() {
		tr, err := New(cfg)
		if err != nil {
			done <- out{err: err}
			return
		}
		e, err := tr.Run(&Launch{Path: argv[0], Argv: argv, Env: os.Environ(), Dir: -1, Stdio: [3]int{0, 1, 2}}, nil)
		tr.Close()
		done <- out{e, tr, err}
	}()
	o := <-done
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.e, o.tr
}

func TestRunTrue(t *testing.T) {
	h := &passwd{}
	e, tr := runTraced(t, Config{Handler: h}, "/bin/true")
	if e.Code != 0 {
		t.Errorf("exit %+v", e)
	}
	t.Logf("%d calls, %+v", h.calls, tr.Stats())
}

func TestPasswd(t *testing.T) {
	_ = unix.EPERM
	for _, regs := range RegBackends() {
		for _, mem := range MemBackends() {
			for _, trap := range []string{"seccomp", "syscall"} {
				t.Run(regs+"/"+mem+"/"+trap, func(t *testing.T) {
					e, tr := runTraced(t, Config{Handler: &passwd{}, Regs: regs, Mem: mem, Trap: trap}, "/bin/sh", "-c", `test "$(cat /etc/passwd)" = "$(cat /etc/hostname)" && exit 7`)
					if e.Code != 7 {
						t.Errorf("exit %+v %+v", e, tr.Stats())
					}
				})
			}
		}
	}
}
