package tracer

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// settle waits until every guest but t, which has stopped, has been seen outside the
// system call nr: those that make it afterwards find what was changed before.
// A guest that sleeps in another call is left alone; one that runs has to stop for
// a moment. It gives up after some seconds: a guest can hang in a
// file system.
func (tr *Tracer) settle(t *Task, nr int) bool {
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
			switch in, ok := inCall(o.Tid); {
			case ok && (in != nr || stopped(o.Tid)):
				out[o] = true
			case !ok && round > 2 && !asked[o]:
				asked[o] = true
				ptrace.Interrupt(o.Tid)
				fallthrough
			default:
				busy++
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

// inCall is the number of the system call that a task sleeps in, -1 for none
// (proc_pid_syscall(5)); ok is false while it runs.
func inCall(tid int) (nr int, ok bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/syscall")
	if err != nil {
		return 0, false
	}
	f, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte(" "))
	nr, err = strconv.Atoi(string(f))
	return nr, err == nil
}
