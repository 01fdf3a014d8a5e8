package tracer

import (
	"bytes"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fileID names a file of the host; the zero value is no file.
type fileID struct {
	major, minor uint32
	ino          uint64
}

// vma is a mapping of a task.
type vma struct {
	start, end, offset               uint64
	file                             fileID
	readable, writable, exec, shared bool
}

// patchable: code of a file, mapped privately. Anonymous code is a compiler's
// own, and what can be written may be written at any time.
func (v *vma) patchable() bool {
	return v.exec && !v.writable && !v.shared && v.file != (fileID{})
}

// maps asks for the mappings of a task.
type maps struct {
	tid  int
	fd   int
	text []byte // before Linux 6.11
}

// openMaps opens t's. At an exec all ask the same one, which execStop closes.
func (tr *Tracer) openMaps(t *Task) (*maps, bool) {
	if q := tr.execMaps; q != nil && q.tid == t.Tid {
		return q, true
	}
	fd, err := unix.Open("/proc/"+strconv.Itoa(t.Tid)+"/maps", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, false
	}
	q := &maps{t.Tid, fd, nil}
	if tr.inExec {
		tr.execMaps = q
	}
	return q, true
}

func (tr *Tracer) closeMaps(q *maps) {
	if q != tr.execMaps {
		unix.Close(q.fd)
	}
}

func (tr *Tracer) endExecMaps() {
	if q := tr.execMaps; q != nil {
		tr.execMaps = nil
		unix.Close(q.fd)
	}
	tr.inExec = false
}

// Program returns the file of the program that t has just executed, as
// /proc/PID/maps names it. It is what is mapped lowest, at the places that the kernel gives
// to programs only (ELF_ET_DYN_BASE, or the lowest 256 MiB); ok is false elsewhere, and
// before Linux 6.11.
func (tr *Tracer) Program(t *Task) (dev, ino uint64, ok bool) {
	q, ok := tr.openMaps(t)
	if !ok {
		return 0, 0, false
	}
	defer tr.closeMaps(q)
	r := procmapQuery{flags: queryNext | queryFile}
	r.size = uint64(unsafe.Sizeof(r))
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(q.fd), ioctlProcmapQuery, uintptr(unsafe.Pointer(&r)))
	return unix.Mkdev(r.devMajor, r.devMinor), r.inode, e == 0 && (r.start>>44 == 5 || r.start < 1<<28)
}

// readAll reads the whole file.
func (q *maps) readAll() bool {
	b := make([]byte, 1<<16)
	for {
		n, err := unix.Read(q.fd, b)
		if err != nil {
			return false
		}
		if n == 0 {
			return true
		}
		q.text = append(q.text, b[:n]...)
	}
}

// procmapQuery is struct procmap_query of linux/fs.h.
type procmapQuery struct {
	size, flags, addr                             uint64
	start, end, vmaFlags, pageSize, offset, inode uint64
	devMajor, devMinor, nameSize, buildIDSize     uint32
	nameAddr, buildIDAddr                         uint64
}

const (
	ioctlProcmapQuery = 0xc0686611 // _IOWR('f', 17, struct procmap_query)
	queryNext         = 0x10       // PROCMAP_QUERY_COVERING_OR_NEXT_VMA
	queryFile         = 0x20       // PROCMAP_QUERY_FILE_BACKED_VMA
)

// find returns the mapping that covers addr. PROCMAP_QUERY (Linux 6.11) asks
// for one; older kernels write down all of them.
func (q *maps) find(addr uint64) (vma, bool) {
	if q.text == nil {
		r := procmapQuery{addr: addr}
		r.size = uint64(unsafe.Sizeof(r))
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(q.fd), ioctlProcmapQuery, uintptr(unsafe.Pointer(&r)))
		switch e {
		case 0:
			return vma{
				r.start, r.end, r.offset,
				fileID{r.devMajor, r.devMinor, r.inode},
				r.vmaFlags&1 != 0, r.vmaFlags&2 != 0, r.vmaFlags&4 != 0, r.vmaFlags&8 != 0,
			}, true
		case unix.ENOENT:
			return vma{}, false
		}
		if !q.readAll() {
			return vma{}, false
		}
	}
	for line := range bytes.Lines(q.text) {
		if v, ok := parseMap(line); ok && addr >= v.start && addr < v.end {
			return v, true
		}
	}
	return vma{}, false
}

// free says whether nothing is mapped in the size bytes from addr on.
func (q *maps) free(addr, size uint64) bool {
	if q.text == nil {
		r := procmapQuery{addr: addr, flags: queryNext}
		r.size = uint64(unsafe.Sizeof(r))
		_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(q.fd), ioctlProcmapQuery, uintptr(unsafe.Pointer(&r)))
		if e == 0 {
			return r.start >= addr+size
		}
		if !q.readAll() {
			return false
		}
	}
	for line := range bytes.Lines(q.text) {
		if v, ok := parseMap(line); ok && v.start < addr+size && addr < v.end {
			return false
		}
	}
	return true
}

// parseMap reads a line of /proc/PID/maps (proc_pid_maps(5)).
func parseMap(line []byte) (v vma, ok bool) {
	f := bytes.Fields(line)
	if len(f) < 5 || len(f[1]) != 4 {
		return v, false
	}
	num := func(b []byte, base int) uint64 {
		n, err := strconv.ParseUint(string(b), base, 64)
		ok = ok && err == nil
		return n
	}
	ok = true
	from, to, _ := bytes.Cut(f[0], []byte("-"))
	major, minor, _ := bytes.Cut(f[3], []byte(":"))
	v = vma{
		start: num(from, 16), end: num(to, 16), offset: num(f[2], 16),
		file:     fileID{uint32(num(major, 16)), uint32(num(minor, 16)), num(f[4], 10)},
		readable: f[1][0] == 'r', writable: f[1][1] == 'w', exec: f[1][2] == 'x', shared: f[1][3] == 's',
	}
	return v, ok
}
