package sandbox

import (
	"slices"

	"github.com/ptbox/ptbox/fsview"
)

// View returns the root and the other mounts. An overlay at "/" is the root
// itself, with the root directory as its lower one if it names no other.
func (o *Options) View() (root fsview.Mount, mounts []fsview.Mount) {
	root = fsview.Mount{Source: o.Root, Kind: BindKind(o.Root), Flags: o.RootFlags}
	mounts = o.Mounts
	for i, m := range mounts {
		if m.Kind == fsview.Overlay && m.Target == "/" {
			root.Kind, root.Layers = m.Kind, m.Layers
			root.Flags |= m.Flags
			mounts = slices.Delete(slices.Clone(mounts), i, i+1)
			break
		}
	}
	return root, mounts
}
