package sandbox

import (
	"os/exec"
	"runtime"
	"sync"
	"testing"

	"github.com/ptbox/ptbox/internal/testbin"
)

// A sandbox neither waits for children that its thread has had before, nor
// takes their status away.
func TestChildrenOfOthers(t *testing.T) {
	exe := testbin.Guest(t)
	var up, run sync.WaitGroup
	release := make(chan struct{})
	// Every thread that is free afterwards has a child.
	for range 8 {
		up.Add(1)
		run.Add(1)
		go func() {
			defer run.Done()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			c := exec.Command(exe, "seq", "-")
			in, err := c.StdinPipe()
			if err == nil {
				err = c.Start()
			}
			if err != nil {
				t.Error(err)
			}
			up.Done()
			<-release
			t.Cleanup(func() {
				in.Close()
				if err := c.Wait(); err != nil {
					t.Errorf("a child of the test: %v", err)
				}
			})
		}()
	}
	up.Wait()
	close(release)
	run.Wait()
	o := Options{Root: guestRoot(t)}
	for range 4 {
		if _, st, _ := runGuest(t, o, "seq", "-c", `stat "/"`); st.Code != 0 {
			t.Errorf("exit %d", st.Code)
		}
	}
}
