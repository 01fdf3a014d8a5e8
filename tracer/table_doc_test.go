package tracer

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write generated documents")

const syscallsDoc = "../docs/syscalls.md"

// docs/syscalls.md is made from the table.
func TestDocIsFresh(t *testing.T) {
	want := docText()
	if *update {
		if err := os.WriteFile(syscallsDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(syscallsDoc)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/syscalls.md is not what the table says: go test ./tracer -run TestDocIsFresh -update")
	}
}

func docText() string {
	var b strings.Builder
	count := map[Support]int{}
	for i := range Table {
		count[Table[i].Support]++
	}
	fmt.Fprintf(&b, `# System calls

Made from the table in package tracer by `+"`go test ./tracer -run TestDocIsFresh -update`"+`; do not edit.

%d rows: %d native, %d handled, %d refused. A number that is not here fails with ENOSYS, as do
x32 calls, and calls of i386 where a struct of theirs is not converted.

- *native*: runs at full speed, without a stop.
- *handled*: stops under the conditions of the column "stops", and is rewritten or answered; native otherwise.
- *refused*: fails with the errno of the column "stops", without a stop.

The *window* is the sandbox's mapping at the bottom of the guest's address space, and the *reserved
descriptors* are those it is mapped from; no guest can change either.

| call | x86_64 | i386 | arm64 | support | class | stops | note |
|---|---|---|---|---|---|---|---|
`, len(Table), count[Native], count[Handled], count[Refused])
	rows := make([]*Sysent, len(Table))
	for i := range Table {
		rows[i] = &Table[i]
	}
	slices.SortStableFunc(rows, func(a, b *Sysent) int { return strings.Compare(a.Name, b.Name) })
	for _, s := range rows {
		fmt.Fprintf(&b, "| %s |", s.Name)
		for _, nr := range s.Nr {
			if nr == NoNr {
				b.WriteString("  |")
			} else {
				fmt.Fprintf(&b, " %d |", nr)
			}
		}
		note := s.Note
		if note != "" {
			note += " "
		}
		fmt.Fprintf(&b, " %s | %s | %s | %s|\n", s.Support, s.Class, s.stopString(), note)
	}
	return b.String()
}

func TestSupportString(t *testing.T) {
	for _, tt := range []struct {
		name   string
		active When
		want   string
	}{
		{"read", allConditions, "native"},
		{"openat", 0, "stops"},
		{"mount", 0, "refused: EPERM"},
		{"sethostname", 0, "refused: EPERM"},
		{"sethostname", IfUTS, "stops"},
		{"getuid", 0, "native"},
		{"getuid", IfIdentity, "stops"},
		{"newfstatat", 0, "native; stops unless the second argument is NULL"},
		{"newfstatat", IfIdentity, "stops"},
		{"munmap", 0, "native; EPERM for the window"},
	} {
		if got := ByName(tt.name).SupportString(tt.active); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for i := range Table {
		if s := &Table[i]; strings.Contains(s.SupportString(allConditions)+s.stopString(), "|") || s.stopString() == "" || s.Class.String() == "" {
			t.Errorf("%s: %q", s.Name, s.stopString())
		}
	}
	for g := GuardNone + 1; g < numGuard; g++ {
		if guardText[g] == "" {
			t.Errorf("guard %d has no text", g)
		}
	}
	var nobody *Sysent
	if got := nobody.SupportString(0); got != "refused: ENOSYS" {
		t.Error(got)
	}
}
