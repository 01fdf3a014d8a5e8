package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// extent is the place of one value: data[start:end].
type extent struct {
	start, end int64
	pointer    string
}

// scanner walks the tokens of a document once, before it is decoded, because
// encoding/json neither reports duplicate names nor tells where a value of
// the wrong type stands.
type scanner struct {
	data []byte
	dec  *json.Decoder
	out  []extent
}

// maxDepth is far more than any property needs; it keeps pointers short.
const maxDepth = 64

func scan(data []byte) ([]extent, error) {
	s := &scanner{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	s.dec.UseNumber()
	if err := s.value("", 0); err != nil {
		return nil, err
	}
	end := s.dec.InputOffset()
	if _, err := s.dec.Token(); !errors.Is(err, io.EOF) {
		rest := data[end:]
		skip := len(rest) - len(bytes.TrimLeft(rest, " \t\r\n"))
		return nil, at(data, end+int64(skip), "", errors.New("data after the end of the configuration"))
	}
	return s.out, nil
}

// value reads one value, of which nothing has been read yet.
func (s *scanner) value(pointer string, depth int) error {
	if depth > maxDepth {
		return at(s.data, s.next(), pointer, fmt.Errorf("nested more than %d deep", maxDepth))
	}
	i := len(s.out)
	s.out = append(s.out, extent{start: s.next(), pointer: pointer})
	tok, err := s.dec.Token()
	if err != nil {
		return s.syntax(pointer, err)
	}
	if d, ok := tok.(json.Delim); ok {
		if d == '{' {
			err = s.object(pointer, depth)
		} else {
			err = s.array(pointer, depth)
		}
		if err != nil {
			return err
		}
		if _, err := s.dec.Token(); err != nil {
			return s.syntax(pointer, err)
		}
	}
	s.out[i].end = s.dec.InputOffset()
	return nil
}

func (s *scanner) object(pointer string, depth int) error {
	seen := map[string]string{}
	for s.dec.More() {
		start := s.next()
		tok, err := s.dec.Token()
		if err != nil {
			return s.syntax(pointer, err)
		}
		name, ok := tok.(string)
		if !ok {
			return at(s.data, start, pointer, errors.New("want a property name"))
		}
		child := pointer + "/" + escape(name)
		// encoding/json matches the names of structures without regard to
		// case, so "root" beside "Root" is ambiguous as well; the free names of
		// a map are not.
		key := name
		if !freeNames(pointer) {
			key = strings.ToLower(name)
		}
		if first, dup := seen[key]; dup {
			return at(s.data, start, child, fmt.Errorf("given twice (as %q before)", first))
		}
		seen[key] = name
		if err := s.value(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) array(pointer string, depth int) error {
	for i := 0; s.dec.More(); i++ {
		if err := s.value(pointer+"/"+strconv.Itoa(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// next is the offset of the token that Token will return next.
func (s *scanner) next() int64 {
	off := s.dec.InputOffset()
	for off < int64(len(s.data)) && strings.IndexByte(" \t\r\n,:", s.data[off]) >= 0 {
		off++
	}
	return off
}

func (s *scanner) syntax(pointer string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return at(s.data, int64(len(s.data)), pointer, errors.New("the file ends too early (truncated?)"))
	}
	// The offset in the errors of Token has no fixed meaning; that of Unmarshal
	// is the number of bytes read, the wrong one included.
	var whole any
	var se *json.SyntaxError
	if errors.As(json.Unmarshal(s.data, &whole), &se) {
		return at(s.data, se.Offset-1, pointer, se)
	}
	return at(s.data, s.next(), pointer, err)
}

// freeNames says that the object at pointer is a map whose names the user
// chooses.
func freeNames(pointer string) bool {
	switch pointer {
	case "/annotations", "/linux/sysctl", "/linux/netDevices", "/linux/timeOffsets",
		"/linux/resources/unified", "/linux/resources/rdma":
		return true
	}
	return false
}

// deepest is the innermost value that the decoder was in when it had read off
// bytes.
func deepest(doc []extent, off int64) extent {
	var best extent
	for _, x := range doc {
		if x.start < off && off <= x.end && x.start >= best.start {
			best = x
		}
	}
	return best
}

// escape encodes one name for a JSON pointer (RFC 6901).
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// kindName says what a Go kind is in JSON.
func kindName(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "an object"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a number that fits " + k.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "an integer that fits " + k.String()
	}
	return k.String()
}
