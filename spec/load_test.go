package spec

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "the file is empty"},
		{"blank", " \n\t", "the file is empty"},
		{"truncated", "{\"ociVersion\": \"1.0.2\",\n\"process\": {", "2:13: /process: the file ends too early"},
		{"truncated string", `{"ociVersion": "1.`, "1:19: /ociVersion: the file ends too early"},
		{"truncated after value", `{"ociVersion": "1.0.0"`, "the file ends too early"},
		{"trailing", "{}\n {}", "2:2: data after the end"},
		{"trailing word", "{} x", "1:4: data after the end"},
		{"duplicate", `{"root":{"path":"a"}, "root":{}}`, `1:23: /root: given twice`},
		{"duplicate case", `{"root":{"path":"a","Path":"b"}}`, `/root/Path: given twice (as "path" before)`},
		{"duplicate deep", `{"mounts":[{},{"type":"a","type":"b"}]}`, `/mounts/1/type: given twice`},
		{"wrong type", "{\"mounts\": [\n {\"options\": \"ro\"}]}", "2:14: /mounts/0/options: want an array, found string"},
		{"wrong element", `{"mounts": [{}, {"options": ["ro", 7]}]}`, "/mounts/1/options/1: want a string, found number"},
		{"wrong object", `{"process": []}`, "/process: want an object, found array"},
		{"wrong top", `[]`, "1:1: want an object, found array"},
		{"negative uid", `{"process": {"user": {"uid": -1}}}`, "/process/user/uid: want a number that fits uint32, found number -1"},
		{"fraction", `{"process": {"user": {"uid": 1.5}}}`, "/process/user/uid: want a number"},
		{"bool", `{"root": {"readonly": "yes"}}`, "/root/readonly: want true or false, found string"},
		{"syntax", "{\n\"root\" {}}", "2:8: "},
		{"comment", "{ // x\n}", "1:3: "},
		{"utf8", "{\"root\": {\"path\": \"\xff\"}}", "1:20: invalid UTF-8"},
		{"depth", strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), "nested more than"},
		{"slash in name", `{"annotations": {"a/b~c": 1}}`, "/annotations/a~1b~0c: want a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.in))
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %q, want it to hold %q", err, c.want)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for _, in := range []string{
		`{}`,
		"\n{\"ociVersion\": \"1.0.2\", \"future\": {\"x\": [1, {\"y\": null}]}}\n",
		`{"annotations": {"a": "1", "A": "2"}}`,
		`{"mounts": null}`,
	} {
		if _, err := Parse([]byte(in)); err != nil {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	var le *LoadError
	if _, err := Load(dir); !errors.As(err, &le) || !errors.Is(err, os.ErrNotExist) ||
		le.Path != filepath.Join(dir, "config.json") {
		t.Fatalf("missing file: %v", err)
	}
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, []byte(`{"ociVersion": 1}`), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file} {
		_, err := Load(path)
		if want := file + ":1:16: /ociVersion: want a string, found number"; err == nil || err.Error() != want {
			t.Fatalf("got %v, want %s", err, want)
		}
	}
	if err := os.WriteFile(file, []byte(`{"ociVersion": "1.0.0"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	sp, err := Load(dir)
	if err != nil || sp.Version != "1.0.0" {
		t.Fatal(sp, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"ociVersion":"1.0.2","root":{"path":"/"},"mounts":[{"destination":"/a","options":["ro"]}]}`))
	f.Add([]byte(`{"a":[{},[],null,1e9,"é\ud800"]}`))
	f.Add([]byte(`{"process":{"args":["a"],"rlimits":[{"type":"RLIMIT_NOFILE","hard":1,"soft":1}]},"linux":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		sp, err := Parse(data)
		if err != nil {
			if strings.ContainsRune(err.Error(), '\n') {
				t.Fatalf("error of several lines: %q", err)
			}
			return
		}
		for _, p := range Validate(sp, "/") {
			if p.Text == "" || (p.Pointer != "" && p.Pointer[0] != '/') {
				t.Fatalf("bad problem %#v", p)
			}
		}
	})
}
