package tracer

import (
	"slices"

	"golang.org/x/sys/unix"
)

type verdict uint8

const (
	verdictAllow verdict = iota
	verdictErrno
	verdictStop
)

// verdict is Decide for a stopped call, where no seccomp program runs.
func (tr *Tracer) verdict(c *Call) (verdict, unix.Errno) {
	v := Decide(&tr.policy, auditArch[c.ABI], uint32(c.Nr), &c.Args)
	switch v & unix.SECCOMP_RET_ACTION_FULL {
	case RetAllow:
		if len(tr.caught) > 0 && slices.Contains(tr.caught, c.Nr) {
			return verdictStop, 0
		}
		return verdictAllow, 0
	case RetErrno:
		return verdictErrno, VerdictErrno(v)
	}
	return verdictStop, 0
}

// entIndex is the row's place in Table.
func entIndex(s *Sysent) int { return int(s.index) }

// Catch hands a call that is native by the table to the Handler from now on,
// with Trap "syscall". With seccomp it takes a filter that stops it.
func (tr *Tracer) Catch(nr int) {
	if !slices.Contains(tr.caught, nr) {
		tr.caught = append(tr.caught, nr)
	}
}
