package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

const (
	nameSeize   = "ptrace"
	nameSeccomp = "seccomp"
	nameGet     = "get_syscall_info"
	nameSet     = "set_syscall_info"
	nameVM      = "process_vm"
	nameMem     = "proc mem"
)

// patience is how long the child of a probe may take. Nothing waits that long
// unless the host stops the child for good.
const patience = 30 * time.Second

// traceResults starts a child, traces it, and tries on one stop of it
// everything that the engine does.
func traceResults(ctx context.Context) []Result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, err := trace(ctx)
	if err != nil {
		out = append(out, bad("tracing", "", "%v", err))
	}
	return out
}

func trace(ctx context.Context) ([]Result, error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Env = append(os.Environ(), envTarget+"=1", "GODEBUG=asyncpreemptoff=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start a child: %w", err)
	}
	defer cmd.Wait() //nolint:errcheck // how it ended does not matter
	defer in.Close()
	lines := bufio.NewReader(stdout)
	var r report
	if err := readReport(lines, &r); err != nil {
		return nil, fmt.Errorf("the child says nothing: %w", err)
	}
	const options = unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_TRACEEXEC |
		unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK
	if e := ptrace.Seize(r.TID, options); e != 0 {
		return []Result{bad(nameSeize, "let children be traced: no outer tracer (strace, a debugger, another ptbox), kernel.yama.ptrace_scope at most 1, a seccomp profile that allows ptrace(2)",
			"PTRACE_SEIZE with EXITKILL: %v", e)}, nil
	}
	results := []Result{good(nameSeize, "a child can be seized, and dies with its tracer")}
	if _, err := in.Write([]byte{1}); err != nil {
		return results, err
	}
	stop, err := waitSeccomp(r.TID)
	if err != nil {
		return results, err
	}
	if !stop.seen {
		var end report
		_ = readReport(lines, &end)
		if end.Seccomp == "" {
			end.Seccomp = "the call did not stop"
		}
		return append(results, warn(nameSeccomp, "a kernel with seccomp filters, and nothing around ptbox that refuses them",
			"%s: every call of the guest stops (slow)", end.Seccomp)), nil
	}
	results = append(results, good(nameSeccomp, "only the calls that matter stop"))
	seen := look(r.TID)
	if e := ptrace.Detach(r.TID, 0); e != 0 {
		return results, e
	}
	var end report
	if err := readReport(lines, &end); err != nil {
		return results, fmt.Errorf("the child is lost: %w", err)
	}
	return append(results, seen.judge(end)...), nil
}

func readReport(r *bufio.Reader, v *report) error {
	line, err := r.ReadBytes('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	return json.Unmarshal(line, v)
}

// stopped says how waiting for the seccomp stop ended.
type stopped struct{ seen bool }

// waitSeccomp resumes tid until it stops for its filter; not seen means that
// it ended without.
func waitSeccomp(tid int) (stopped, error) {
	for {
		var ws uint32
		_, e := ptrace.Wait(tid, &ws, 0)
		switch {
		case e == unix.EINTR:
			continue
		case e == unix.ECHILD:
			return stopped{}, nil
		case e != 0:
			return stopped{}, e
		}
		st := unix.WaitStatus(ws)
		if st.Exited() || st.Signaled() {
			return stopped{}, nil
		}
		event := int(ws >> 16)
		if event == unix.PTRACE_EVENT_SECCOMP {
			return stopped{seen: true}, nil
		}
		sig := 0
		if event == 0 {
			sig = int(st.StopSignal())
		}
		if e := ptrace.Cont(tid, sig); e != 0 && e != unix.ESRCH {
			return stopped{}, e
		}
	}
}

// sight is what could be done at the stop.
type sight struct {
	get, set   unix.Errno
	info       ptrace.SyscallInfo
	vmRead     string
	vm         unix.Errno
	memRead    string
	mem        error
	vmWritten  bool
	memWritten bool
}

func look(tid int) *sight {
	s := new(sight)
	s.get = ptrace.GetSyscallInfo(tid, &s.info)
	if s.get != 0 {
		return s
	}
	addr := s.info.Args[1]
	buf := make([]byte, len(secret))
	var n int
	n, s.vm = ptrace.ReadVM(tid, addr, buf)
	s.vmRead = string(buf[:n])
	f, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", tid), os.O_RDWR, 0)
	if s.mem = err; err == nil {
		defer f.Close()
		n, s.mem = f.ReadAt(buf, int64(addr))
		s.memRead = string(buf[:n])
		if s.mem == nil {
			_, err := f.WriteAt([]byte(written), int64(addr))
			s.memWritten = err == nil
		}
	}
	if s.vm == 0 && !s.memWritten {
		_, e := ptrace.WriteVM(tid, addr, []byte(written))
		s.vmWritten = e == 0
	}
	// Another call takes the place of the probe's: getpid.
	si := s.info
	si.Op = ptrace.InfoSeccomp
	si.Nr = unix.SYS_GETPID
	s.set = ptrace.SetSyscallInfo(tid, &si)
	return s
}

// judge compares what the tracer saw with what the child tells.
func (s *sight) judge(end report) []Result {
	if s.get != 0 {
		return []Result{warn(nameGet, "Linux 5.3", "%v: calls are read from the registers", s.get)}
	}
	var out []Result
	if s.info.Nr == probeNr && s.info.Args[0] == probeArg && s.info.Op == ptrace.InfoSeccomp {
		out = append(out, good(nameGet, "calls can be read on any architecture"))
	} else {
		out = append(out, warn(nameGet, "", "it tells of call %d: it is not used", s.info.Nr))
	}
	switch {
	case s.set != 0:
		out = append(out, warn(nameSet, "Linux 6.16", "%v: calls are changed through the registers", s.set))
	case end.Result != int64(end.Self):
		out = append(out, warn(nameSet, "", "accepted, but without effect"))
	default:
		out = append(out, good(nameSet, "calls can be changed on any architecture"))
	}
	const fixMem = "a container runtime whose seccomp profile allows what ptrace(2) users need"
	if s.vm == 0 && s.vmRead == secret {
		out = append(out, good(nameVM, "memory is read with process_vm_readv"))
	} else {
		out = append(out, warn(nameVM, fixMem, "process_vm_readv: %v", s.vm))
	}
	switch {
	case s.mem != nil:
		out = append(out, warn(nameMem, fixMem, "/proc/PID/mem: %v", s.mem))
	case s.memRead != secret || !s.memWritten || end.Memory != written:
		out = append(out, warn(nameMem, fixMem, "/proc/PID/mem cannot be written"))
	default:
		out = append(out, good(nameMem, "memory is read and written with /proc/PID/mem"))
	}
	return out
}
