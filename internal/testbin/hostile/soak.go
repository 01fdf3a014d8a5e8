package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	parts["soak"] = func(args []string) error { return soak(args) }
	parts["storm"] = func([]string) error { return storm() }
}

// soak runs the parts given, several at a time, and kills and stops them and
// what they have started at random, for so long: soak TIME SEED PART…. All that
// while its own calls must be answered as ever.
func soak(args []string) error {
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	seed, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	want, err := os.ReadFile("/etc/canary")
	if err != nil {
		return err
	}
	for _, l := range [][2]uint64{{unix.RLIMIT_FSIZE, 1 << 24}, {unix.RLIMIT_CORE, 0}, {unix.RLIMIT_AS, 1 << 34}} {
		if err := unix.Setrlimit(int(l[0]), &unix.Rlimit{Cur: l[1], Max: l[1]}); err != nil {
			return err
		}
	}
	end := time.Now().Add(d)
	var wg sync.WaitGroup
	var lock sync.Mutex
	runs := 0
	for worker := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rnd := rand.New(rand.NewPCG(seed, uint64(worker)))
			for time.Now().Before(end) {
				job := args[2+rnd.IntN(len(args)-2)]
				if !torment(job, rnd) {
					continue // no pids, perhaps
				}
				lock.Lock()
				runs++
				lock.Unlock()
			}
		}()
	}
	go func() { wg.Wait(); end = time.Time{} }()
	for n := 0; time.Now().Before(end); n++ {
		got, err := os.ReadFile("/etc/canary")
		if err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("the canary is %q, %w", got, err)
		}
		if _, err := os.Stat(fmt.Sprint("/none/", n)); !os.IsNotExist(err) {
			return fmt.Errorf("what is not there: %w", err)
		}
		time.Sleep(time.Millisecond)
	}
	wg.Wait()
	fmt.Println("lived", runs > 0)
	fmt.Fprintln(os.Stderr, "soak: runs:", runs)
	return nil
}

// torment starts one part in a process group of its own, bothers it for a
// moment, and ends it. False says that it could not be started.
func torment(part string, rnd *rand.Rand) bool {
	cmd := exec.Command("/proc/self/exe", part, fmt.Sprint(rnd.Uint64()>>1))
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		// An emulated root would sooner or later mount something in the way of
		// those that come after it.
		cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWNS
	}
	if cmd.Start() != nil {
		return false
	}
	group := -cmd.Process.Pid
	gone := make(chan bool)
	go func() {
		_ = cmd.Wait() // however it ends
		close(gone)
	}()
	end := time.After(time.Duration(rnd.IntN(700)) * time.Millisecond)
	for going := true; going; {
		sig := []unix.Signal{unix.SIGSTOP, unix.SIGCONT, unix.SIGTSTP, unix.SIGURG, unix.SIGWINCH, unix.SIGCHLD}[rnd.IntN(6)]
		_ = unix.Kill(group, sig) // it may be gone
		select {
		case <-gone:
			going = false
		case <-end:
			going = false
		case <-time.After(time.Duration(rnd.IntN(20000)) * time.Microsecond):
		}
	}
	_ = unix.Kill(group, unix.SIGKILL)
	_ = unix.Kill(-group, unix.SIGKILL) // should it have left its group
	<-gone
	return true
}

// storm executes programs in processes and threads, again and again.
func storm() error {
	for {
		for range 6 {
			cmd := exec.Command("/proc/self/exe", "exec-many")
			if cmd.Start() == nil {
				go func() { _ = cmd.Wait() }()
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}
