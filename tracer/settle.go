package tracer

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// settle waits until every guest but t, which has stopped, has been seen outside the
// calls that in tells: those that make one afterwards find what was changed before.
// A guest that sleeps in another call is left alone; one that runs, or sleeps in such a
// call, has to stop for a moment. It gives up after some seconds: a guest can hang in a
// file system.
func (tr *Tracer) settle(t *Task, in func(nr int, args [3]uint64) bool) bool {
	out, asked := map[*Task]bool{}, map[*Task]bool{}
	end := time.Now().Add(5 * time.Second)
	for round := 0; ; round++ {
		busy := 0
		for _, o := range tr.tasks {
			if o == t || o.held || out[o] {
				continue
			}
			// A report that waits already, or comes: the task has stopped, and not
			// in the middle of a call.
			var r report
			if tid, e := ptrace.Wait(o.Tid, &r.status, unix.WNOHANG); tid != 0 || e != 0 {
				if tid != 0 {
					r.tid = tid
					tr.reports = append(tr.reports, r)
				}
				out[o] = true
				continue
			}
			nr, args, ok := inCall(o.Tid)
			if ok && (!in(nr, args) || stopped(o.Tid)) {
				out[o] = true
				continue
			}
			busy++
			if round > 2 && !asked[o] {
				asked[o] = true
				ptrace.Interrupt(o.Tid)
			}
		}
		if busy == 0 {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		time.Sleep(20 * time.Microsecond << min(round, 6))
	}
}

// stopped says whether a task is in a stop: it shows the number of its last
// call then, which is over.
func stopped(tid int) bool {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/stat")
	at := bytes.LastIndexByte(b, ')') + 2
	return at < len(b) && at > 2 && (b[at] == 't' || b[at] == 'T')
}

// report is one of wait4.
type report struct {
	tid    int
	status uint32
}

// inCall is the system call that a task sleeps in, with its first arguments; -1 is none
// (proc_pid_syscall(5)). ok is false while it runs.
func inCall(tid int) (nr int, args [3]uint64, ok bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/syscall")
	f := strings.Fields(string(b))
	if err != nil || len(f) == 0 {
		return 0, args, false
	}
	nr, err = strconv.Atoi(f[0])
	for i := range args {
		if len(f) > 6 {
			args[i], _ = strconv.ParseUint(f[1+i], 0, 64)
		}
	}
	return nr, args, err == nil
}
