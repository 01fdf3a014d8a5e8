package spec

import (
	"fmt"
	"os"
	"strings"
)

// overlayWords are the options of Linux' overlayfs that describe what an
// overlay of ours is in any case.
var overlayWords = words("userxattr redirect_dir=off redirect_dir=nofollow index=off metacopy=off xino=off xino=auto " +
	"nfs_export=off uuid=off uuid=null uuid=auto verity=off fsync=auto fsync=strict")

// overlay reads an option of type overlay.
func (o *MountOptions) overlay(w string) (bad string) {
	key, value, _ := strings.Cut(w, "=")
	switch {
	case overlayWords[w]:
	case w == "volatile" || w == "fsync=volatile":
		o.Volatile = true
	case key == "lowerdir":
		o.Lower = splitLayers(value)
		for _, d := range o.Lower {
			if d == "" {
				return fmt.Sprintf("%q holds an empty directory (data-only layers are not supported)", w)
			}
		}
	case key == "upperdir" && value != "":
		o.Upper = unescapeLayer(value)
	case key == "workdir" && value != "":
		o.Work = unescapeLayer(value)
	default:
		return fmt.Sprintf("unknown option %q", w)
	}
	return ""
}

// splitLayers splits lowerdir at colons that no backslash precedes.
func splitLayers(s string) []string {
	var out []string
	start := 0
	for i := 0; i <= len(s); i++ {
		switch {
		case i == len(s) || s[i] == ':':
			out = append(out, unescapeLayer(s[start:i]))
			start = i + 1
		case s[i] == '\\':
			i++
		}
	}
	return out
}

func unescapeLayer(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\:`, `:`, `\,`, `,`).Replace(s)
}

// overlayMount checks the directories of an overlay.
func (r *report) overlayMount(at string, o MountOptions, bundle string) {
	if len(o.Lower) == 0 {
		r.bad(at+"/options", "an overlay needs lowerdir")
	}
	if o.Work != "" && o.Upper == "" {
		r.bad(at+"/options", "workdir is of no use without upperdir")
	}
	for _, d := range append(o.Lower[:len(o.Lower):len(o.Lower)], o.Upper, o.Work) {
		if d == "" {
			continue
		}
		host := HostPath(bundle, d)
		st, err := os.Stat(host)
		switch {
		case err != nil:
			r.bad(at+"/options", "%s: %v", host, cause(err))
		case !st.IsDir():
			r.bad(at+"/options", "%s: not a directory", host)
		}
	}
}
