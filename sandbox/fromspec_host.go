package sandbox

import (
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/linux"
)

func isDir(host string) bool {
	st, err := os.Stat(host)
	return err == nil && st.IsDir()
}

// BindKind is the kind of a bind of the host's path: the root of a procfs has
// to be a Proc mount, or its magic links would lead to the host's tree.
func BindKind(host string) fsview.Kind {
	var fs unix.Statfs_t
	var st unix.Stat_t
	// PROC_ROOT_INO is 1 in every instance (include/linux/proc_ns.h).
	if unix.Statfs(host, &fs) == nil && fs.Type == unix.PROC_SUPER_MAGIC &&
		unix.Stat(host, &st) == nil && st.Ino == 1 {
		return fsview.Proc
	}
	return fsview.Bind
}

// ProcMounts returns the mounts that a bind of the host directory dir at
// target needs for every procfs that the host has mounted below dir.
func ProcMounts(dir, target string) []fsview.Mount {
	table, _ := mountinfo()
	return procMounts(table, dir, target)
}

// mountinfo is the launcher's table of mounts (proc_pid_mountinfo(5)).
func mountinfo() (string, error) {
	b, err := linux.ReadFile("/proc/self/mountinfo")
	return string(b), err
}

func procMounts(table, dir, target string) []fsview.Mount {
	var out []fsview.Mount
	for line := range strings.Lines(table) {
		host, ok := procRoot(line)
		if !ok {
			continue
		}
		rel, ok := below(dir, host)
		// A later mount may hide the procfs.
		if ok && BindKind(host) == fsview.Proc {
			out = append(out, fsview.Mount{Target: path.Join(target, rel), Source: host, Kind: fsview.Proc})
		}
	}
	return out
}

// withProc makes every procfs that the view shows a Proc mount: those that lie
// inside a bound directory, and binds of one.
func withProc(table, root string, list []fsview.Mount) []fsview.Mount {
	out := procMounts(table, root, "/")
	for _, m := range list {
		if m.Layers != nil {
			out = append(out, m)
			for _, dir := range m.Layers.Lower {
				out = append(out, procMounts(table, dir, m.Target)...)
			}
			continue
		}
		if m.Kind == fsview.Bind {
			m.Kind = BindKind(m.Source)
		}
		out = append(out, m)
		if m.Kind != fsview.Bind {
			continue
		}
		for _, p := range procMounts(table, m.Source, m.Target) {
			p.Flags = m.Flags
			out = append(out, p)
		}
	}
	return out
}

// procRoot is the mount point of a line of mountinfo (proc_pid_mountinfo(5))
// that shows a whole procfs.
func procRoot(line string) (string, bool) {
	head, tail, ok := strings.Cut(line, " - ")
	f := strings.Fields(head)
	if !ok || len(f) < 5 || !strings.HasPrefix(tail, "proc ") || f[3] != "/" {
		return "", false
	}
	return unescapeMount(f[4]), true
}

// unescapeMount undoes the octal escapes of mountinfo ("\040" is a space).
func unescapeMount(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// below returns host relative to dir if it lies strictly inside it.
func below(dir, host string) (string, bool) {
	if dir != "/" {
		dir += "/"
	}
	rel, ok := strings.CutPrefix(host, dir)
	return rel, ok && rel != ""
}

// RemoveScratch removes the scratch directory of a view that was built
// without a Sandbox.
func RemoveScratch(dir string) error { return removeAll(dir) }
