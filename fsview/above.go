package fsview

// DirID names a directory of the host.
type DirID struct{ Dev, Ino uint64 }

// IsAbove says whether id is one of Above.
func (v *View) IsAbove(id DirID) bool { return v.above[devIno{id.Dev, id.Ino}] }

// Above returns the directories at or below which the view has a mount point
// of which the kernel knows nothing: a walk of its own from there may miss it.
func (v *View) Above() []DirID {
	ids := make([]DirID, 0, len(v.above))
	for k := range v.above {
		ids = append(ids, DirID{k.dev, k.ino})
	}
	return ids
}
