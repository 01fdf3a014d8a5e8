package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// ConfigName is the file that a bundle keeps its configuration in.
const ConfigName = "config.json"

// maxConfig bounds the file: the largest real ones (podman --privileged with
// a seccomp profile) have less than 100 kB, and a mistaken path may name
// anything.
const maxConfig = 16 << 20

// LoadError says why a configuration could not be read. Line and Column are
// 1-based and 0 when unknown; Pointer is the JSON pointer of the value.
type LoadError struct {
	Path         string
	Line, Column int
	Pointer      string
	Err          error
}

// Error is "PATH:LINE:COLUMN: POINTER: MESSAGE" with what is known of it.
func (e *LoadError) Error() string {
	s := e.Path
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d:%d", s, e.Line, e.Column)
	}
	if e.Pointer != "" {
		s += ": " + e.Pointer
	}
	return s + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// Load reads a config.json, or that of the bundle if path is a directory.
func Load(path string) (*specs.Spec, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		path = filepath.Join(path, ConfigName)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &LoadError{Path: path, Err: cause(err)}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, &LoadError{Path: path, Err: cause(err)}
	}
	if len(data) > maxConfig {
		return nil, &LoadError{Path: path, Err: fmt.Errorf("larger than %d MiB", maxConfig>>20)}
	}
	sp, err := Parse(data)
	var le *LoadError
	if errors.As(err, &le) {
		le.Path = path
	}
	return sp, err
}

// cause strips the operation and the path that the message already has.
func cause(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// Parse decodes a configuration. Its errors are *LoadError with an empty Path.
func Parse(data []byte) (*specs.Spec, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &LoadError{Err: errors.New("the file is empty")}
	}
	// encoding/json would replace such bytes by U+FFFD, and so name another file.
	if off := invalidUTF8(data); off >= 0 {
		return nil, at(data, int64(off), "", errors.New("invalid UTF-8"))
	}
	doc, err := scan(data)
	if err != nil {
		return nil, err
	}
	sp := new(specs.Spec)
	if err := json.Unmarshal(data, sp); err != nil {
		return nil, decodeError(data, doc, err)
	}
	return sp, nil
}

func decodeError(data []byte, doc []extent, err error) error {
	var te *json.UnmarshalTypeError
	if errors.As(err, &te) {
		x := deepest(doc, te.Offset)
		return at(data, x.start, x.pointer, fmt.Errorf("want %s, found %s", kindName(te.Type.Kind()), te.Value))
	}
	var se *json.SyntaxError
	if errors.As(err, &se) {
		return at(data, se.Offset-1, "", se)
	}
	return &LoadError{Err: err}
}

// at builds an error for the value or byte at offset off.
func at(data []byte, off int64, pointer string, err error) *LoadError {
	off = min(max(off, 0), int64(len(data)))
	before := data[:off]
	line := 1 + bytes.Count(before, []byte{'\n'})
	col := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return &LoadError{Line: line, Column: col, Pointer: pointer, Err: err}
}

func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
