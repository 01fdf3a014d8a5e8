package sandbox

import (
	"strconv"
	"strings"
)

// What follows rewrites the texts of procfs that hold host paths, or that show
// the tracer. All are plain functions from text to text. guest maps one host
// path and returns what the guest is to read in its place.

// windowMapping and stubMapping are the names of what the engine maps into
// every guest (tracer: window.go, stub.go).
const (
	windowMapping = "/memfd:ptbox-window"
	stubMapping   = "/memfd:ptbox-stub"
)

func engineMapping(path string) bool {
	return strings.HasPrefix(path, windowMapping) || strings.HasPrefix(path, stubMapping)
}

// guestMaps rewrites maps and smaps (proc_pid_maps(5)). In smaps each mapping
// is followed by lines "Key: value", which belong to it.
func guestMaps(text string, guest func(string) string) string {
	var b strings.Builder
	b.Grow(len(text))
	skip := false
	for line := range strings.Lines(text) {
		path, at, ok := mapsPath(line)
		if !ok {
			if !skip {
				b.WriteString(line)
			}
			continue
		}
		if skip = engineMapping(path) || windowRange(line); skip {
			continue
		}
		if !strings.HasPrefix(path, "/") {
			b.WriteString(line)
			continue
		}
		b.WriteString(line[:at])
		b.WriteString(escapeOctal(guest(unescapeOctal(path)), "\n"))
		b.WriteByte('\n')
	}
	return b.String()
}

// mapsPath finds the path of a line that describes a mapping, and where it
// begins; ok is false for any other line.
func mapsPath(line string) (path string, at int, ok bool) {
	// address perms offset dev inode pathname
	i := strings.IndexByte(line, ' ')
	dash := strings.IndexByte(line, '-')
	if i < 0 || dash < 1 || dash > i || !isHex(line[:dash]) {
		return "", 0, false
	}
	for range 4 {
		i = skipSpaces(line, i)
		for i < len(line) && line[i] != ' ' && line[i] != '\n' {
			i++
		}
	}
	i = skipSpaces(line, i)
	return strings.TrimSuffix(line[i:], "\n"), i, true
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

func skipSpaces(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// guestNuma rewrites numa_maps: "ADDRESS policy file=PATH key=value…".
func guestNuma(text string, guest func(string) string) string {
	const key = " file="
	var b strings.Builder
	for line := range strings.Lines(text) {
		if addr, _, _ := strings.Cut(line, " "); windowRange(addr) {
			continue
		}
		i := strings.Index(line, key)
		if i < 0 {
			b.WriteString(line)
			continue
		}
		i += len(key)
		n := strings.IndexAny(line[i:], " \n")
		if n < 0 {
			n = len(line) - i
		}
		path := unescapeOctal(line[i : i+n])
		if engineMapping(path) {
			continue
		}
		b.WriteString(line[:i])
		b.WriteString(escapeOctal(guest(path), "\n\t= "))
		b.WriteString(line[i+n:])
	}
	return b.String()
}

// guestStatus rewrites status (proc_pid_status(5)): nobody traces the guest,
// and of the seccomp filters the engine's own are not counted.
func guestStatus(text string, filters int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		switch key {
		case "TracerPid":
			line = "TracerPid:\t0\n"
		case "Seccomp":
			// The mode follows from the number of filters, which comes
			// next (Linux 5.9): strict mode has none and is not ours.
			if strings.TrimSpace(value) == "2" && seccompFilters(text) <= filters && filters > 0 {
				line = "Seccomp:\t0\n"
			}
		case "Seccomp_filters":
			n, _ := strconv.Atoi(strings.TrimSpace(value))
			line = "Seccomp_filters:\t" + strconv.Itoa(max(0, n-filters)) + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// seccompFilters is the number of filters that a status text shows.
func seccompFilters(status string) int {
	_, s, ok := strings.Cut(status, "\nSeccomp_filters:")
	if !ok {
		return 0
	}
	s, _, _ = strings.Cut(s, "\n")
	n, _ := strconv.Atoi(strings.TrimSpace(s))
	return n
}

// guestUnix rewrites net/unix, whose last column is the socket's path. guest
// returns "" for a path that the view does not show: such a socket appears
// without a name.
func guestUnix(text string, guest func(string) string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		// Num RefCount Protocol Flags Type St Inode Path
		i := 0
		for range 7 {
			i = skipSpaces(line, i)
			for i < len(line) && line[i] != ' ' && line[i] != '\n' {
				i++
			}
		}
		if i+1 >= len(line) || line[i] != ' ' || line[i+1] != '/' {
			b.WriteString(line) // no name, or an abstract one
			continue
		}
		path := guest(strings.TrimSuffix(line[i+1:], "\n"))
		b.WriteString(line[:i])
		if path != "" {
			b.WriteByte(' ')
			b.WriteString(path)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// escapeOctal writes each of the bytes in set as "\ooo", as the kernel does
// (mangle_path in fs/seq_file.c).
func escapeOctal(s, set string) string {
	if !strings.ContainsAny(s, set) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; strings.IndexByte(set, c) >= 0 {
			b.WriteByte('\\')
			b.WriteByte('0' + c>>6)
			b.WriteByte('0' + c>>3&7)
			b.WriteByte('0' + c&7)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unescapeOctal undoes escapeOctal.
func unescapeOctal(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	return unescapeMount(s)
}
