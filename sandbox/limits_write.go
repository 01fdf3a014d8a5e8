package sandbox

import (
	"encoding/binary"
	"math"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

const (
	maxRW     = 0x7ffff000 // MAX_RW_COUNT
	iovSize   = 16         // struct iovec
	maxIovs   = 1024       // UIO_MAXIOV
	fewIovs   = 256        // that fit in a slot of the window
	rwfAppend = 0x10       // RWF_APPEND

	ficlone, ficloneRange = 0x40049409, 0x4020940d // FICLONE, FICLONERANGE
)

// openFile is what a task's descriptor of a file in a limited tmpfs says.
type openFile struct {
	*limitedFile
	fd    int // with O_PATH
	st    unix.Stat_t
	pos   int64
	flags int64
}

// fileOf looks at a task's descriptor; nil if nothing limits it.
func (h *handler) fileOf(t *tracer.Task, n uint64) *openFile {
	q := h.limited
	if q == nil || len(q.files) == 0 || int32(n) < 0 {
		return nil
	}
	fd, e := h.openProc(t.Tid, "fd/"+strconv.Itoa(int(int32(n))), 0)
	if e != 0 {
		return nil
	}
	o := &openFile{fd: int(fd)}
	if unix.Fstat(o.fd, &o.st) == nil {
		o.limitedFile = q.files[dirKey{o.st.Dev, o.st.Ino}]
	}
	if o.limitedFile == nil || o.l.pages == 0 {
		unix.Close(o.fd)
		return nil
	}
	return o
}

// look reads the position and the flags of the descriptor.
func (o *openFile) look(h *handler, t *tracer.Task, n uint64) bool {
	info, ok := h.fdinfo(t.Tid, int(int32(n)))
	if !ok {
		return false
	}
	o.pos, _ = infoField(info, "pos:", 10)
	o.flags, ok = infoField(info, "flags:", 8)
	return ok && o.flags&unix.O_ACCMODE != unix.O_RDONLY && o.flags&unix.O_PATH == 0
}

// writeArgs says which argument of a call is the descriptor that is written to,
// which the count, and which the offset or its address.
var writeArgs = map[string]struct{ fd, count, off, offPtr int }{
	"write": {0, 2, -1, -1}, "pwrite64": {0, 2, 3, -1},
	"writev": {0, -1, -1, -1}, "pwritev": {0, -1, 3, -1}, "pwritev2": {0, -1, 3, -1},
	"sendfile": {0, 3, -1, -1}, "sendfile64": {0, 3, -1, -1},
	"splice": {2, 4, -1, 3}, "copy_file_range": {2, 4, -1, 3},
}

// write serves the calls that make a file larger through a descriptor. They
// stop only in processes that have opened a file of a limited tmpfs.
func (h *handler) write(c *tracer.Call) {
	switch c.Ent.Name {
	case "ftruncate", "ftruncate64":
		h.ftruncate(c)
		return
	case "fallocate":
		h.fallocate(c)
		return
	case "io_submit":
		h.ioSubmit(c)
		return
	}
	a, ok := writeArgs[c.Ent.Name]
	if !ok {
		return
	}
	o := h.fileOf(c.Task, c.Args[a.fd])
	if o == nil {
		return
	}
	count, iovs := uint64(0), []byte(nil)
	if a.count >= 0 {
		count = min(c.Args[a.count], maxRW)
	} else if iovs, count, ok = readIovs(c, c.Args[1], c.Args[2]); !ok {
		unix.Close(o.fd)
		return // the kernel says why
	}
	need := count/pageSize + 2
	if need > o.l.free() && count > 0 {
		off, ok := h.offset(c, o, a.fd, a.off, a.offPtr)
		if !ok {
			unix.Close(o.fd)
			return
		}
		h.limited.sweep(o.l)
		var n uint64
		if n, need = h.fit(o, off, count); n == 0 {
			unix.Close(o.fd)
			c.Fail(unix.ENOSPC)
			return
		}
		switch {
		case n == count:
		case a.count >= 0:
			c.SetArg(a.count, n)
		default:
			iovs = cutIovs(iovs, n)
			c.SetRef(1, c.PutWords(longs(iovs), nil))
			c.SetArg(2, uint64(len(iovs)/iovSize))
		}
	}
	h.promiseWrite(o, need)
}

// promiseWrite lets the call at hand take pages for o.
func (h *handler) promiseWrite(o *openFile, need uint64) {
	h.limited.promise(o.l, need, 0, func(int64) {
		o.update(o.fd)
		unix.Close(o.fd)
	})
}

// offset is where in the file the call writes.
func (h *handler) offset(c *tracer.Call, o *openFile, fd, off, offPtr int) (int64, bool) {
	if !o.look(h, c.Task, c.Args[fd]) {
		return 0, false // EBADF
	}
	switch {
	case o.flags&unix.O_APPEND != 0, c.Ent.Name == "pwritev2" && c.Args[5]&rwfAppend != 0:
		return o.st.Size, true
	case off >= 0:
		if c.Ent.Name == "pwritev2" && int64(c.Args[off]) == -1 {
			return o.pos, true
		}
		return int64(c.Args[off]), int64(c.Args[off]) >= 0
	case offPtr >= 0 && c.Args[offPtr] != 0:
		var b [8]byte
		if c.Read(c.Args[offPtr], b[:]) != 0 {
			return 0, false
		}
		n := int64(binary.LittleEndian.Uint64(b[:]))
		return n, n >= 0
	}
	return o.pos, true
}

// readIovs reads an array of struct iovec and adds the lengths up.
func readIovs(c *tracer.Call, at, n uint64) (b []byte, count uint64, ok bool) {
	if n > maxIovs {
		return nil, 0, false
	}
	b = make([]byte, n*iovSize)
	if c.Read(at, b) != 0 {
		return nil, 0, false
	}
	for i := 8; i < len(b); i += iovSize {
		l := binary.LittleEndian.Uint64(b[i:])
		if int64(l) < 0 {
			return nil, 0, false
		}
		count = min(count+l, maxRW)
	}
	return b, count, true
}

// cutIovs shortens an array to n bytes in all. Few elements only fit in the
// window: fewer bytes are always a true answer.
func cutIovs(b []byte, n uint64) []byte {
	for i := 0; i < len(b); i += iovSize {
		l := binary.LittleEndian.Uint64(b[i+8:])
		if l >= n || i == (fewIovs-1)*iovSize {
			binary.LittleEndian.PutUint64(b[i+8:], min(l, n))
			return b[:i+iovSize]
		}
		n -= l
	}
	return b
}

// longs are the words of an array of structs that have nothing else.
func longs(b []byte) (words []uint64) {
	for ; len(b) >= 8; b = b[8:] {
		words = append(words, binary.LittleEndian.Uint64(b))
	}
	return words
}

// fit says how many of count bytes at off there is room for, and how many
// pages they take: as tmpfs does it, page by page, until none is left.
func (h *handler) fit(o *openFile, off int64, count uint64) (n, need uint64) {
	free := o.l.free()
	count = min(count, math.MaxInt64-uint64(off))
	data := newDataMap(o)
	defer data.close()
	for n < count {
		at := off + int64(n)
		if !data.has(at) {
			if need == free {
				break
			}
			need++
		}
		n = min(n+uint64(pageSize-at%pageSize), count)
	}
	return n, need
}

// dataMap tells which pages of a file are there.
type dataMap struct {
	size       int64 // rounded up
	ahead      int64 // allocated past that
	whole      bool  // no page is missing
	fd         int
	start, end int64 // the last extent found
}

func newDataMap(o *openFile) *dataMap {
	size := pagesUpTo(o.st.Size)
	d := &dataMap{size: int64(size) * pageSize, fd: -1}
	if o.pages >= size {
		d.whole = true
		d.ahead = int64(o.pages-size) * pageSize
		return d
	}
	// Without the right to read it, all of it counts as missing.
	d.fd, _ = unix.Open(procSelfFD(o.fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return d
}

func (d *dataMap) has(at int64) bool {
	if at >= d.size {
		return at < d.size+d.ahead
	}
	if d.whole {
		return true
	}
	at -= at % pageSize
	if at < d.start || at >= d.end {
		if d.fd < 0 {
			return false
		}
		from, err := unix.Seek(d.fd, at, unix.SEEK_DATA)
		if err != nil || from >= at+pageSize {
			return false
		}
		end, err := unix.Seek(d.fd, from, unix.SEEK_HOLE)
		if err != nil {
			return false
		}
		d.start, d.end = at, end
	}
	return true
}

func (d *dataMap) close() {
	if d.fd >= 0 {
		unix.Close(d.fd)
	}
}

// ftruncate takes no room, unless the file is mapped where it grows.
func (h *handler) ftruncate(c *tracer.Call) {
	o := h.fileOf(c.Task, c.Args[0])
	if o == nil {
		return
	}
	if size := int64(c.Args[1]); size > o.st.Size && o.mapped > o.st.Size && !h.limited.mapping[c.Task.Tid] {
		h.fill(c, o, o.st.Size, min(size, o.mapped)-o.st.Size, unix.ENOSPC)
		return
	}
	delete(h.limited.mapping, c.Task.Tid)
	h.promiseWrite(o, 0)
}

// fallocate is all or nothing, and tmpfs knows two modes of it only.
func (h *handler) fallocate(c *tracer.Call) {
	const keep, punch = unix.FALLOC_FL_KEEP_SIZE, unix.FALLOC_FL_PUNCH_HOLE
	mode, off, count := uint32(c.Args[1]), int64(c.Args[2]), int64(c.Args[3])
	if off < 0 || count <= 0 || off > math.MaxInt64-count {
		return
	}
	o := h.fileOf(c.Task, c.Args[0])
	if o == nil {
		return
	}
	if !o.look(h, c.Task, c.Args[0]) {
		unix.Close(o.fd)
		return // EBADF
	}
	switch {
	case mode&^(keep|punch) != 0:
		unix.Close(o.fd)
		c.Fail(unix.EOPNOTSUPP)
		return
	case mode&punch != 0:
		before := o.pages
		h.limited.promise(o.l, 0, 0, func(int64) {
			if o.mapped == 0 {
				o.update(o.fd)
			} else if o.update(o.fd); o.pages < before {
				// What is mapped may come back without a call.
				o.l.used += before - o.pages
				o.limitedFile.pages = before
			}
			unix.Close(o.fd)
		})
		return
	}
	h.limited.sweep(o.l)
	n, need := h.fit(o, off, uint64(count))
	if pagesUpTo(off+count)-uint64(off/pageSize) > o.l.pages || n < uint64(count) {
		unix.Close(o.fd)
		c.Fail(unix.ENOSPC)
		return
	}
	if mode&keep != 0 {
		o.ahead = true
	}
	h.promiseWrite(o, need)
}

// mapShared serves mmap. What is mapped shared can be filled without a call,
// so the room for it is taken at once: the holes in that part of the file are
// filled by a fallocate(2) of the guest's before it.
func (h *handler) mapShared(c *tracer.Call) {
	const shared = unix.MAP_SHARED
	if c.Args[3]&shared == 0 || c.Args[3]&unix.MAP_ANONYMOUS != 0 {
		return
	}
	o := h.fileOf(c.Task, c.Args[4])
	if o == nil {
		return
	}
	off, count := int64(c.Args[5]), int64(c.Args[1])
	if c.Ent.Name == "mmap2" {
		off *= pageSize
	}
	if off < 0 || off%pageSize != 0 || count <= 0 || off > math.MaxInt64-count || h.limited.mapping[c.Task.Tid] ||
		!o.look(h, c.Task, c.Args[4]) || o.flags&unix.O_ACCMODE != unix.O_RDWR {
		delete(h.limited.mapping, c.Task.Tid)
		unix.Close(o.fd)
		return
	}
	o.mapped = max(o.mapped, off+count)
	end := min(off+count, int64(pagesUpTo(o.st.Size))*pageSize)
	if end <= off {
		unix.Close(o.fd)
		return
	}
	h.fill(c, o, off, end-off, unix.ENOMEM)
}

// fill makes the guest allocate a part of the file before the call at hand,
// which is entered again afterwards.
func (h *handler) fill(c *tracer.Call, o *openFile, off, count int64, full unix.Errno) {
	q := h.limited
	q.sweep(o.l)
	n, need := h.fit(o, off, uint64(count))
	switch {
	case n < uint64(count):
		unix.Close(o.fd)
		c.Fail(full)
		return
	case need == 0:
		// Nothing is missing, and the call itself changes little.
		h.promiseWrite(o, 0)
		return
	}
	fd := c.Args[0]
	if c.Ent.Class == tracer.ClassMemory {
		fd = c.Args[4]
	}
	c.SetNr(unix.SYS_FALLOCATE)
	c.SetArg(0, fd)
	c.SetArg(1, unix.FALLOC_FL_KEEP_SIZE)
	c.SetArg(2, uint64(off))
	c.SetArg(3, uint64(count))
	o.ahead = true
	h.promiseWrite(o, need)
	mapping := c.Ent.Class == tracer.ClassMemory
	c.WantResult(func(r *tracer.Result) {
		switch {
		case r.Val == 0:
			q.end(r.Task, q.calls[r.Task], 0)
			q.mapping[r.Task.Tid] = true
			r.Again()
		case mapping && r.Val == -int64(unix.EOPNOTSUPP):
			r.Val = -int64(unix.ENODEV) // the file system cannot promise it
		}
	})
}

// ioSubmit looks at what is to be written asynchronously (io_submit(2)). The
// list is cut before the first request for which there is no room.
func (h *handler) ioSubmit(c *tracer.Call) {
	const pwrite, pwritev = 1, 8 // IOCB_CMD_PWRITE, IOCB_CMD_PWRITEV
	for i := range min(c.Args[1], maxIovs) {
		var p [8]byte
		var b [48]byte // struct iocb: lio_opcode at 16, fildes 20, buf 24, nbytes 32
		if c.Read(c.Args[2]+8*i, p[:]) != 0 || c.Read(binary.LittleEndian.Uint64(p[:]), b[:]) != 0 {
			return
		}
		op := binary.LittleEndian.Uint16(b[16:])
		if op != pwrite && op != pwritev {
			continue
		}
		o := h.fileOf(c.Task, uint64(binary.LittleEndian.Uint32(b[20:])))
		if o == nil {
			continue
		}
		count := min(binary.LittleEndian.Uint64(b[32:]), maxRW)
		if op == pwritev {
			var ok bool
			if _, count, ok = readIovs(c, binary.LittleEndian.Uint64(b[24:]), count); !ok {
				unix.Close(o.fd)
				continue // an error of its own
			}
		}
		need := count/pageSize + 2
		if need > o.l.free() {
			h.limited.sweep(o.l)
			var n uint64
			if n, need = h.fit(o, int64(binary.LittleEndian.Uint64(b[40:])), count); n < count {
				unix.Close(o.fd)
				if i == 0 {
					c.Fail(unix.ENOSPC)
				} else {
					c.SetArg(1, i)
				}
				return
			}
		}
		h.promiseWrite(o, need)
	}
}

// ficlone serves FICLONE and FICLONERANGE, which tmpfs does not have.
func (h *handler) ficlone(c *tracer.Call) {
	from := c.Args[2]
	if uint32(c.Args[1]) == ficloneRange {
		var b [8]byte // src_fd of struct file_clone_range
		if c.Read(from, b[:]) != 0 {
			return
		}
		from = binary.LittleEndian.Uint64(b[:])
	}
	o := h.fileOf(c.Task, c.Args[0])
	if o == nil {
		return
	}
	unix.Close(o.fd)
	src := h.fileOf(c.Task, from)
	if src != nil {
		unix.Close(src.fd)
	}
	switch {
	case src != nil && src.l == o.l:
		c.Fail(unix.EOPNOTSUPP)
	case unix.Fstatat(h.proc, h.at(c.Task.Tid, "fd/"+strconv.Itoa(int(int32(from)))), &o.st, 0) == nil:
		c.Fail(unix.EXDEV)
	}
}
