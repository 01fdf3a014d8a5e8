package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// fields splits a line at blanks outside of double quotes.
func fields(line string) []string {
	var out []string
	start, quoted := -1, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
			if start < 0 {
				start = i
			}
		case (c == ' ' || c == '\t') && !quoted:
			if start >= 0 {
				out = append(out, line[start:i])
				start = -1
			}
		default:
			if start < 0 {
				start = i
			}
		}
	}
	if start >= 0 {
		out = append(out, line[start:])
	}
	return out
}

// parseError is a mistake of the script's author.
type parseError string

func bad(format string, a ...any) { panic(parseError(fmt.Sprintf(format, a...))) }

// number evaluates constants and numbers joined by '|', or a $variable.
func number(s string) uintptr { return uintptr(number64(s)) }

func number64(s string) int64 {
	var n int64
	for part := range strings.SplitSeq(s, "|") {
		switch {
		case strings.HasPrefix(part, "$"):
			n |= int64(variable(part[1:]))
		default:
			v, ok := constants[part]
			if !ok {
				u, err := strconv.ParseInt(part, 0, 64)
				if err != nil {
					bad("not a number: %s", part)
				}
				v = u
			}
			n |= v
		}
	}
	return n
}

var vars = map[string]int{}

func variable(name string) int {
	switch name {
	case "PID":
		return os.Getpid()
	case "TID":
		return unix.Gettid()
	}
	v, ok := vars[name]
	if !ok && serving {
		return -1
	}
	if !ok {
		bad("unknown variable %s", name)
	}
	return v
}

// text evaluates a string expression: "…"*N, $var, joined by '+'.
func text(s string) string {
	var out strings.Builder
	for s != "" {
		switch {
		case s[0] == '"':
			q, err := strconv.QuotedPrefix(s)
			if err != nil {
				bad("bad string %s", s)
			}
			v, _ := strconv.Unquote(q)
			s = s[len(q):]
			n := 1
			if strings.HasPrefix(s, "*") {
				end := strings.IndexByte(s, '+')
				if end < 0 {
					end = len(s)
				}
				if n, err = strconv.Atoi(s[1:end]); err != nil {
					bad("bad count %s", s[1:end])
				}
				s = s[end:]
			}
			out.WriteString(strings.Repeat(v, n))
		case s[0] == '$':
			end := strings.IndexByte(s, '+')
			if end < 0 {
				end = len(s)
			}
			out.WriteString(strconv.Itoa(variable(s[1:end])))
			s = s[end:]
		default:
			bad("not a string: %s", s)
		}
		if s != "" {
			if s[0] != '+' {
				bad("trailing %s", s)
			}
			s = s[1:]
		}
	}
	return out.String()
}

func wrapped(s, name string) (string, bool) {
	rest, ok := strings.CutPrefix(s, name+"(")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, ")")
}

// pointer evaluates a string argument to its address.
func pointer(s string) uintptr {
	switch s {
	case "NULL":
		return 0
	case "BAD":
		return badAddr()
	}
	if in, ok := wrapped(s, "EDGE"); ok {
		return atEdge(text(in))
	}
	if in, ok := wrapped(s, "END"); ok {
		return atEdge(text(in) + "\x00")
	}
	return cstring(text(s))
}

// sockaddr makes a struct sockaddr_un; without nul the length ends with the
// last byte of the name.
func sockaddr(s string, nul bool) []byte {
	name := text(s)
	n := 2 + len(name)
	if nul && !strings.HasPrefix(name, "\x00") {
		n++
	}
	b := alloc(n)
	*uint16Of(b) = unix.AF_UNIX
	copy(b[2:], name)
	return b
}

// times evaluates "atime,mtime", each a number of seconds, "now" or "omit".
func times(s string) [2]unix.Timespec {
	var out [2]unix.Timespec
	a, m, _ := strings.Cut(s, ",")
	for i, v := range []string{a, m} {
		switch v {
		case "now":
			out[i].Nsec = unix.UTIME_NOW
		case "omit":
			out[i].Nsec = unix.UTIME_OMIT
		default:
			out[i] = unix.NsecToTimespec(int64(int(number(v))) * 1e9)
		}
	}
	return out
}
