package main

import (
	"crypto/sha256"
	_ "embed" // for the script
	"fmt"
	"io"
	"regexp"
	"strings"
)

//go:embed testdata/smoke.sh
var smoke string

// variable is what differs between two runs of anything: numbers of processes
// and the like. Small numbers are results.
var variable = regexp.MustCompile(`[0-9]{4,}`)

// said makes a test of each section: its result is how it exited and a digest
// of what it printed.
func said(r io.Reader) (tests, error) {
	out := tests{}
	name, text := "", ""
	end := func() {
		if name == "" {
			return
		}
		result := ok
		if !strings.HasSuffix(text, "exit 0\n") {
			result = fail
		}
		out[name] = fmt.Sprintf("%s %.3x", result, sha256.Sum256([]byte(text)))
	}
	err := eachLine(r, func(l string) {
		if n, there := strings.CutPrefix(l, "### "); there {
			end()
			name, text = n, ""
			return
		}
		text += variable.ReplaceAllString(l, "N") + "\n"
	})
	end()
	return out, err
}
