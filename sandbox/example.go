package sandbox

import "github.com/ptbox/ptbox/fsview"

// ExampleView is the view that ptbox shows when none is described: the host's
// tree, in which /etc/passwd is the host's /etc/hostname. It is the smallest
// thing that can be seen to work.
func ExampleView() Options {
	return Options{
		Root: "/",
		Mounts: append(ProcMounts("/", "/"), fsview.Mount{
			Target: "/etc/passwd",
			Source: "/etc/hostname",
			Kind:   fsview.Bind,
		}),
	}
}
