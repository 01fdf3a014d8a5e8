package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/ptbox/ptbox/fsview"
)

// overlay reads --overlay and, with tmp, --tmp-overlay: DST:KEY=VALUE,… where
// a colon or comma that belongs to a path has a backslash.
func (v *viewFlags) overlay(tmp bool) func(string) error {
	return func(s string) error {
		want := errors.New("want DST:lower=A:B[,upper=U[,work=W]]")
		if tmp {
			want = errors.New("want DST[:lower=A:B]")
		}
		dst, rest, _ := cutUnescaped(s, ':')
		t, err := target(unescape(dst))
		if err != nil {
			return err
		}
		m := fsview.Mount{Kind: fsview.Overlay, Target: t, Layers: &fsview.Layers{Scratch: tmp}}
		seen := map[string]bool{}
		for more := rest != ""; more; {
			var kv string
			kv, rest, more = cutUnescaped(rest, ',')
			k, val, _ := strings.Cut(kv, "=")
			if seen[k] {
				return fmt.Errorf("%s is given twice", k)
			}
			seen[k] = true
			switch {
			case k == "ro" && val == "":
				m.Flags |= fsview.ReadOnly
			case val == "":
				return want
			case k == "lower":
				for next := true; next; {
					var dir string
					dir, val, next = cutUnescaped(val, ':')
					if err := layer(&dir); err != nil {
						return err
					}
					m.Layers.Lower = append(m.Layers.Lower, dir)
				}
			case k == "upper" && !tmp:
				err = layer(&val)
				m.Layers.Upper = val
			case k == "work" && !tmp:
				err = layer(&val)
				m.Layers.Work = val
			default:
				return want
			}
			if err != nil {
				return err
			}
		}
		if !tmp && len(m.Layers.Lower) == 0 {
			return want
		}
		v.mounts = append(v.mounts, m)
		return nil
	}
}

// layer makes a directory of the command line absolute.
func layer(dir *string) error {
	if *dir == "" {
		return errors.New("empty directory")
	}
	var err error
	*dir, err = filepath.Abs(unescape(*dir))
	return err
}

// cutUnescaped is strings.Cut at a sep that no backslash precedes.
func cutUnescaped(s string, sep byte) (before, after string, found bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// unescape removes the backslashes before colons, commas and backslashes.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\:`, `:`, `\,`, `,`).Replace(s)
}
