package tracer

import "golang.org/x/sys/unix"

type verdict uint8

const (
	verdictAllow verdict = iota
	verdictErrno
	verdictStop
)

// verdict is Decide for a stopped call, where no seccomp program runs.
func (tr *Tracer) verdict(c *Call) (verdict, unix.Errno) {
	v := DecideAt(&tr.policy, auditArch[c.ABI], uint32(c.Nr), c.orig.Rip, &c.Args)
	switch v & unix.SECCOMP_RET_ACTION_FULL {
	case RetAllow:
		return verdictAllow, 0
	case RetErrno:
		return verdictErrno, VerdictErrno(v)
	}
	return verdictStop, 0
}

// entIndex is the row's place in Table.
func entIndex(s *Sysent) int { return int(s.index) }
