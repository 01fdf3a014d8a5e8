package sandbox

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// elfs are the headers of programs that were executed. A file that is what it was, by its
// time of change, has those that it had.
type elfs map[version]*tracer.Image

// maxELFs is more than a build has tools.
const maxELFs = 64

// settled is how old a change must be before a file is remembered by its time: what is
// changed twice within one tick of the clock bears the same one, before Linux 6.13,
// and some file systems count seconds.
const settled = 2 * time.Second

// parse is tracer.ParseELF for t, which openHost has opened.
func (m *elfs) parse(t *target) (*tracer.Image, unix.Errno) {
	if t.image != nil {
		return t.image, 0
	}
	img, e := tracer.ParseELF(t.file)
	if age := time.Since(time.Unix(t.version.time.Unix())); e == 0 && age > settled {
		if *m == nil || len(*m) >= maxELFs {
			*m = elfs{}
		}
		(*m)[t.version] = img
	}
	return img, e
}
