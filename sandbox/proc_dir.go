package sandbox

import (
	"bytes"
	"encoding/binary"
	"path"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// procDir returns how to list a directory of procfs other than its root, or
// nil if the kernel's list is right: the descriptors and the mapping that
// belong to the engine are left out.
func (h *handler) procDir(tid, fd int) *mergedDir {
	text, e := h.readProc(h.at(tid, "fd/"+strconv.Itoa(fd)))
	if e != 0 {
		return nil
	}
	switch path.Base(text) {
	case "fd", "fdinfo":
		return &mergedDir{hide: h.reservedFD}
	case "map_files":
		return &mergedDir{hide: windowRange}
	}
	return nil
}

func (h *handler) reservedFD(name string) bool {
	first, end := h.tr.Reserved()
	n, ok := number(name)
	return ok && n >= first && n < end
}

func windowRange(name string) bool {
	start, _, _ := bytes.Cut([]byte(name), []byte("-"))
	a, err := strconv.ParseUint(string(start), 16, 64)
	return err == nil && a >= tracer.WindowLow && a < tracer.WindowEnd
}

// ownFD reports whether a magic link is one of the engine's.
func (h *handler) ownFD(m magic) bool {
	return m.what == "fd" && h.reservedFD(m.rest) || m.what == "map_files" && windowRange(m.rest)
}

// filtered serves getdents and getdents64 on a directory of which the guest sees a part.
// The tracer reads from where the guest's file stands, so that positions are
// the kernel's own.
func (h *handler) filtered(c *tracer.Call, d *mergedDir, fd int, pos int64) {
	dir, err := unix.Openat(h.proc, h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd)), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		c.Fail(errno(err))
		return
	}
	defer unix.Close(dir)
	if _, err := unix.Seek(dir, pos, unix.SEEK_SET); err != nil {
		return // the kernel's list, if it cannot be read from here
	}
	buf := make([]byte, min(c.Args[2], 1<<16))
	for {
		n, err := unix.Getdents(dir, buf)
		if err != nil {
			c.Fail(errno(err))
			return
		}
		out := buf[:0]
		for b := buf[:n]; len(b) > direntHead; {
			l := int(binary.LittleEndian.Uint16(b[16:]))
			pos = int64(binary.LittleEndian.Uint64(b[8:]))
			name, _, _ := bytes.Cut(b[direntHead:l], []byte{0})
			e := dirent{binary.LittleEndian.Uint64(b), b[18], string(name)}
			if !d.hide(e.name) {
				out = e.append(out, pos, c.Ent.Name == "getdents64") // as long in both forms
			}
			b = b[l:]
		}
		if len(out) == 0 && n > 0 {
			continue
		}
		if e := c.Write(c.Args[1], out); e != 0 {
			c.Fail(e)
			return
		}
		h.seekTo(c, pos, int64(len(out))) // past what is left out, at the end too
		return
	}
}
