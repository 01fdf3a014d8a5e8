package fsview_test

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
)

// host is a small host in memory; a real program leaves Config.FS empty.
func host() *fsview.Mem {
	m := fsview.NewMem()
	m.AddFile("/srv/rootfs/usr/lib/libc.so.6")
	m.AddLink("/srv/rootfs/lib", "usr/lib")
	m.AddDir("/home/me/project")
	m.AddDir("/run/scratch")
	return m
}

func ExampleView_Resolve() {
	v, err := fsview.New(fsview.Config{
		FS:     host(),
		Root:   fsview.Mount{Source: "/srv/rootfs"},
		Mounts: []fsview.Mount{{Target: "/src", Source: "/home/me/project"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	var r fsview.Resolution
	for _, path := range []string{"/lib/libc.so.6", "/src/../lib", "/src/missing", "/lib/libc.so.6/"} {
		q := fsview.Request{Path: path, Follow: true}
		if e := v.Resolve(&q, &r); e != 0 {
			fmt.Printf("%s: %s\n", path, unix.ErrnoName(e))
			continue
		}
		fmt.Printf("%s: %s is %s\n", path, r.Guest, r.Host)
	}
	// Output:
	// /lib/libc.so.6: /usr/lib/libc.so.6 is /srv/rootfs/usr/lib/libc.so.6
	// /src/../lib: /usr/lib is /srv/rootfs/usr/lib
	// /src/missing: ENOENT
	// /lib/libc.so.6/: ENOTDIR
}

func ExampleView_Guest() {
	v, err := fsview.New(fsview.Config{
		FS:     host(),
		Root:   fsview.Mount{Source: "/srv/rootfs"},
		Mounts: []fsview.Mount{{Target: "/src", Source: "/home/me/project"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	for _, path := range []string{"/home/me/project/main.go", "/srv/rootfs/etc", "/home/me"} {
		fmt.Println(v.Guest(path))
	}
	// Output:
	// /src/main.go true
	// /etc true
	//  false
}

func ExampleView_Explain() {
	v, err := fsview.New(fsview.Config{
		FS:      host(),
		Root:    fsview.Mount{Source: "/srv/rootfs"},
		Mounts:  []fsview.Mount{{Target: "/opt/new/work", Source: "/home/me/project"}},
		Scratch: func() (string, error) { return "/run/scratch", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	steps, _, _ := v.Explain("/opt/new/work/../../../lib", true)
	for _, s := range steps {
		fmt.Println(s.What, s.Guest, s.Host)
	}
	// Output:
	// mount /opt /run/scratch/synth/1
	// mount /opt/new/work /home/me/project
	// dotdot /opt/new /run/scratch/synth/1/new
	// dotdot /opt /run/scratch/synth/1
	// dotdot / /srv/rootfs
	// symlink /lib /srv/rootfs/lib
	// final /usr/lib /srv/rootfs/usr/lib
}

func ExampleView_Merged() {
	v, err := fsview.New(fsview.Config{
		FS:      host(),
		Root:    fsview.Mount{Source: "/srv/rootfs"},
		Mounts:  []fsview.Mount{{Target: "/opt/new/work", Source: "/home/me/project"}},
		Scratch: func() (string, error) { return "/run/scratch", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	for _, d := range v.Merged() {
		fmt.Println(d.Host, d.Names[0].Name, d.Names[0].Type == unix.DT_DIR)
	}
	// Output:
	// /srv/rootfs opt true
}
