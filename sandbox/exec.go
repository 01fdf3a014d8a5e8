package sandbox

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// maxScripts is how many times one exec may be handed on by a "#!" line
// (exec_binprm in fs/exec.c).
const maxScripts = 5

// binprmSize is how much of a file the kernel looks at to tell what it is
// (BINPRM_BUF_SIZE).
const binprmSize = 256

// target is the file that an exec ends at.
type target struct {
	host string
	file *hostFile
	fd   int // the descriptor that execveat named, or -1
	id   fileID
	head []byte
	// version is what file is, image what is remembered of it, if anything.
	version version
	image   *tracer.Image
	// script holds what has to be put in front of argv[1:], first of all
	// argv[0]; nil means that argv stays as it is.
	script []string
	nosuid bool // set-id bits do not count
}

func (t *target) close() {
	if t.file != nil {
		t.file.Close()
		t.file = nil
	}
}

// nextImage is what a task will be once its exec has succeeded.
type nextImage struct {
	image *image
	// id is the file that the kernel must have taken; zero for the stub
	// program.
	id fileID
}

// exec serves execve and execveat. The kernel execs the real file; what it
// would look up in the host's tree is done here: "#!" lines, and the ELF
// interpreter (DESIGN: exec).
func (h *handler) exec(c *tracer.Call) {
	proc(c.Task).next = nil
	t, given, e := h.execTarget(c)
	if e != 0 {
		c.Fail(e)
		return
	}
	defer t.close()
	if checkOnly(c) {
		c.Return(0)
		return
	}
	img, e := h.elfs.parse(t)
	if e != 0 {
		c.Fail(cmp.Or(busy(t.file), e))
		return
	}
	if img.LowEnough() {
		c.Fail(unix.ENOMEM)
		return
	}
	plan := &tracer.ExecPlan{Path: t.host, Guest: given}
	if h.id != nil {
		plan.Aux = h.id.exec(c, t)
	}
	stub := false
	if img.Interp != "" {
		if stub, e = h.interp(c, img, plan); e != 0 {
			c.Fail(e)
			return
		}
	}
	h.execArgs(c, t)
	proc(c.Task).next = &nextImage{id: t.id}
	if t.fd >= 0 && !stub {
		// fexecve: the kernel names the file by its descriptor.
		// What it would read as a path must still be empty then.
		c.SetPath(1, nil)
		plan.Path = plan.Guest
		c.Exec(plan)
		return
	}
	if stub {
		plan.Program, plan.ProgramImage = t.host, img
		plan.Path = c.StubPath(img, len(given))
		guest, ok := h.view.Guest(t.host)
		if !ok {
			guest = given
		}
		proc(c.Task).next = &nextImage{image: &image{exe: guest}}
	} else if n := len(given) - len(plan.Path); n > 0 {
		// AT_EXECFN is written over the kernel's string: it must fit.
		plan.Path = strings.Repeat("/", n) + plan.Path
	}
	if name := path.Base(given); name != path.Base(plan.Path) {
		plan.Comm = name[:min(len(name), 15)]
	}
	h.setExecPath(c, plan.Path)
	if plan.Path != plan.Guest || plan.Comm != "" || plan.Interp != "" || plan.Aux != nil {
		c.Exec(plan)
	}
}

// busy is ETXTBSY if the file is open for writing: the kernel finds that out
// before it looks at the file. AT_EXECVE_CHECK (Linux 6.14) asks and runs nothing.
func busy(f *hostFile) unix.Errno {
	if !knowsExecCheck() {
		if openForWriting(f.fd) {
			return unix.ETXTBSY
		}
	} else if e := ask(unix.SYS_EXECVEAT, f.fd, "", 0, 0, unix.AT_EMPTY_PATH|atExecveCheck); e == unix.ETXTBSY {
		return e
	}
	return 0
}

// setExecPath makes the call an execve of p whatever it was.
func (h *handler) setExecPath(c *tracer.Call, p string) {
	if c.Ent.Name == "execveat" {
		c.SetNr(unix.SYS_EXECVE)
		c.SetPath(0, []byte(p))
		if c.Ref(1) {
			return
		}
		c.SetArg(1, c.Args[2])
		c.SetArg(2, c.Args[3])
		return
	}
	c.SetPath(0, []byte(p))
}

// execTarget finds the file to run, through any "#!" lines. given is the
// name that the guest will see as AT_EXECFN.
func (h *handler) execTarget(c *tracer.Call) (t *target, given string, e unix.Errno) {
	p := &c.Ent.Paths[0]
	raw, e := c.Path(int(p.Arg), 0)
	if e != 0 {
		return nil, "", e
	}
	given = string(raw)
	t = &target{fd: -1}
	nofollow, dir := false, int8(-1)
	if c.Ent.Name == "execveat" {
		flags := c.Args[4]
		if given == "" && flags&unix.AT_EMPTY_PATH == 0 {
			return nil, "", unix.ENOENT
		}
		if flags&^(unix.AT_EMPTY_PATH|unix.AT_SYMLINK_NOFOLLOW|atExecveCheck) != 0 || checkOnly(c) && !knowsExecCheck() {
			return nil, "", unix.EINVAL
		}
		nofollow, dir = flags&unix.AT_SYMLINK_NOFOLLOW != 0, 0
		fd := int(int32(c.Args[0]))
		if given == "" {
			return h.execFD(c, fd)
		}
		if given[0] != '/' && fd != atFDCWD {
			given = "/dev/fd/" + strconv.Itoa(fd) + "/" + given
		}
	}
	if given == "" {
		return nil, "", unix.ENOENT
	}
	r, e := h.resolve(c, string(raw), dir, 0, fsview.Lookup, !nofollow, true)
	if e != 0 {
		return nil, "", e
	}
	if nofollow {
		var st unix.Stat_t
		if unix.Lstat(string(r.Host), &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
			return nil, "", unix.ELOOP
		}
	}
	if e := h.openExec(r, t); e != 0 {
		return nil, "", e
	}
	if checkOnly(c) {
		return t, given, 0
	}
	e = h.scripts(c, t, given)
	if e != 0 {
		t.close()
		return nil, "", e
	}
	return t, given, 0
}

// atExecveCheck is AT_EXECVE_CHECK (Linux 6.14): may the file be executed?
const atExecveCheck = 0x10000

func checkOnly(c *tracer.Call) bool {
	return c.Ent.Name == "execveat" && c.Args[4]&atExecveCheck != 0
}

// execFD is execveat with AT_EMPTY_PATH: the file is the descriptor's.
func (h *handler) execFD(c *tracer.Call, fd int) (*target, string, unix.Errno) {
	if fd < 0 {
		return nil, "", unix.EBADF
	}
	if m := h.fdMount(c.Task, fd); m != nil && m.Flags&fsview.NoExec != 0 {
		return nil, "", unix.EACCES
	}
	link := h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd))
	host, e := h.readProc(link)
	if e != 0 {
		return nil, "", unix.EBADF
	}
	t, name := &target{fd: fd, host: host}, "/proc/"+link
	if h.overlays {
		if b, ok := h.lowerBehind(host, link); ok && b.copied() {
			name = b.u.UpperPath(b.rel)
			t.fd, t.host = -1, name
		}
	}
	if e := h.openFile(name, t); e != 0 {
		return nil, "", e
	}
	given := "/dev/fd/" + strconv.Itoa(fd)
	if checkOnly(c) {
		return t, given, 0
	}
	if bytes.HasPrefix(t.head, []byte("#!")) {
		// The interpreter will open the script by this name: with
		// close-on-exec there is nothing to open (execveat(2), BUGS).
		if h.cloexec(c.Task.Tid, fd) {
			t.close()
			return nil, "", unix.ENOENT
		}
		t.fd = -1
		if e := h.scripts(c, t, given); e != 0 {
			t.close()
			return nil, "", e
		}
	}
	return t, given, 0
}

// cloexec reads a descriptor's close-on-exec flag from its fdinfo.
func (h *handler) cloexec(tid, fd int) bool {
	b, err := os.ReadFile("/proc/" + h.at(tid, "fdinfo/"+strconv.Itoa(fd)))
	if err != nil {
		return false
	}
	_, s, _ := strings.Cut(string(b), "flags:")
	s, _, _ = strings.Cut(s, "\n")
	flags, _ := strconv.ParseUint(strings.TrimSpace(s), 8, 64)
	return flags&unix.O_CLOEXEC != 0
}

// openExec opens the file that r found, if it may be executed.
func (h *handler) openExec(r *fsview.Resolution, t *target) unix.Errno {
	if r.Mount != nil && r.Mount.Flags&fsview.NoExec != 0 {
		return unix.EACCES
	}
	t.host = string(r.Host)
	t.nosuid = r.Mount != nil && r.Mount.Flags&fsview.NoSuid != 0
	if r.Magic || !h.openat2 {
		return h.openFile(t.host, t)
	}
	return h.openHost(t.host, unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS, t)
}

func (h *handler) openFile(p string, t *target) unix.Errno {
	return h.openHost(p, 0, t)
}

// openHost opens the host's file p, with RESOLVE_* flags.
func (h *handler) openHost(p string, resolve uint64, t *target) unix.Errno {
	if h.id != nil {
		if e := h.id.mayExec(p); e != 0 {
			return e
		}
	}
	// O_NONBLOCK: the name may be a FIFO, which must not stop the tracer.
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY
	var fd int
	var err error
	if resolve == 0 {
		fd, err = unix.Open(p, flags, 0)
	} else {
		fd, err = unix.Openat2(unix.AT_FDCWD, p, &unix.OpenHow{Flags: flags, Resolve: resolve})
	}
	if err != nil {
		e := errno(err)
		if e == unix.ENXIO || e == unix.ENODEV {
			e = unix.EACCES
		}
		return e
	}
	t.close()
	t.file = &hostFile{fd: fd}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return errno(err)
	}
	t.id = fileID{st.Dev, st.Ino}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		t.close() // whoever writes to a FIFO would see a reader
		return unix.EACCES
	}
	if e := mayRun(fd); e != 0 {
		return e
	}
	t.version = versionOf(&st)
	if t.image = h.elfs[t.version]; t.image != nil {
		t.head = nil // no "#!"
		return 0
	}
	if e := t.file.readHead(); e != 0 {
		return e
	}
	t.head = t.file.head[:min(len(t.file.head), binprmSize)]
	return 0
}

// mayRun asks for the permission to execute an open file. faccessat2(2) came
// with Linux 5.8.
func mayRun(fd int) unix.Errno {
	_, e := onFD(unix.SYS_FACCESSAT2, fd, "", unix.X_OK, unix.AT_EACCESS|unix.AT_EMPTY_PATH)
	if e == unix.ENOSYS || e == unix.EPERM {
		return errno(unix.Faccessat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), unix.X_OK, unix.AT_EACCESS))
	}
	return e
}

// scripts follows "#!" lines as fs/binfmt_script.c does.
func (h *handler) scripts(c *tracer.Call, t *target, name string) unix.Errno {
	for depth := 0; bytes.HasPrefix(t.head, []byte("#!")); depth++ {
		if depth >= maxScripts {
			return unix.ELOOP
		}
		if e := busy(t.file); e != 0 {
			return e
		}
		interp, arg, e := hashBang(t.head)
		if e != 0 {
			return e
		}
		front := []string{interp}
		if arg != "" {
			front = append(front, arg)
		}
		front = append(front, name)
		if t.script != nil {
			t.script = t.script[1:]
		}
		t.script = append(front, t.script...)
		r, e := h.resolve(c, interp, -1, 0, fsview.Lookup, true, true)
		if e != 0 {
			return e
		}
		if e := h.openExec(r, t); e != 0 {
			return e
		}
		name = interp
	}
	return 0
}

// hashBang takes a "#!" line apart. A line that is cut off at the end of the
// buffer is ENOEXEC if that could have cut the interpreter's name.
func hashBang(head []byte) (interp, arg string, e unix.Errno) {
	line := head[2:]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	} else {
		if len(head) >= binprmSize {
			line = head[2 : binprmSize-1]
			s := bytes.TrimLeft(line, " \t")
			if !bytes.ContainsAny(s, " \t\x00") {
				return "", "", unix.ENOEXEC
			}
		}
	}
	if i := bytes.IndexByte(line, 0); i >= 0 {
		line = line[:i]
	}
	line = bytes.Trim(line, " \t")
	if len(line) == 0 {
		return "", "", unix.ENOEXEC
	}
	i := bytes.IndexAny(line, " \t")
	if i < 0 {
		return string(line), "", 0
	}
	return string(line[:i]), string(bytes.TrimLeft(line[i:], " \t")), 0
}

// execArgs puts a script's words in front of the guest's own arguments.
func (h *handler) execArgs(c *tracer.Call, t *target) {
	if t.script == nil {
		return
	}
	at, to := c.Args[1], 1
	if c.Ent.Name == "execveat" {
		at = c.Args[2]
	}
	var words []uint64
	refs := map[int]int{}
	for i, s := range t.script {
		refs[i] = c.PutPath([]byte(s))
		words = append(words, 0)
	}
	var b [8]byte
	for i := 0; at != 0; i++ {
		if e := c.Read(at+uint64(i)*8, b[:]); e != 0 {
			c.Fail(e)
			return
		}
		w := binary.LittleEndian.Uint64(b[:])
		if w == 0 {
			break
		}
		if i > 0 {
			words = append(words, w)
		}
	}
	words = append(words, 0)
	c.SetRef(to, c.PutWords(words, refs))
	if c.Ent.Name == "execveat" {
		c.SetArg(2, c.Args[3])
	}
}

// interp finds the ELF interpreter in the view and compares it with what the
// kernel will find in the host's tree. stub is set when the kernel would find
// nothing that it can use.
func (h *handler) interp(c *tracer.Call, img *tracer.Image, plan *tracer.ExecPlan) (stub bool, e unix.Errno) {
	var g, k unix.Stat_t
	relative := !strings.HasPrefix(img.Interp, "/")
	err := unix.EINVAL
	if !relative {
		err = errno(unix.Stat(img.Interp, &k))
	}
	id := fileID{k.Dev, k.Ino}
	if err == 0 && (!h.lock.opens(h.view, img.Interp, id) || !h.steady(img.Interp, id)) {
		err = unix.EACCES // not for the kernel to open
	}
	if err == 0 && h.hosts[img.Interp] == id && h.fixed(c.Task) {
		return false, 0
	}
	r, e := h.resolve(c, img.Interp, -1, 0, fsview.Lookup, true, true)
	if e != 0 {
		return false, e
	}
	guest := string(r.Host)
	if err := unix.Stat(guest, &g); err != nil {
		return false, errno(err)
	}
	if err == 0 && g.Dev == k.Dev && g.Ino == k.Ino {
		if h.fixed(c.Task) && h.inRoot(img.Interp) {
			if h.hosts == nil || len(h.hosts) >= maxSteadies {
				h.hosts = map[string]fileID{}
			}
			h.hosts[img.Interp] = id
		}
		return false, 0
	}
	plan.Interp = guest
	if h.held.is(&g) && (r.Mount == nil || r.Mount.Flags&fsview.NoExec == 0) && (h.id == nil || h.id.mayExec(guest) == 0) {
		plan.InterpImage, plan.Held = h.held.Image, true
	} else {
		var t target
		if e := h.openExec(r, &t); e != 0 {
			return false, e
		}
		plan.InterpImage, e = tracer.ParseELF(t.file)
		t.close()
		if e != 0 || plan.InterpImage.I386 != img.I386 {
			return false, unix.ELIBBAD
		}
	}
	if err != 0 {
		return true, 0
	}
	if plan.HostInterp = h.hostInterp(img.Interp, &k); plan.HostInterp == nil {
		return true, 0
	}
	return false, 0
}
