package fsview

// HiddenProcess reports whether the canonical guest path is that of a process
// that the guest must not see, or lies below it. Only a descriptor leads there.
func (v *View) HiddenProcess(guest string) bool {
	m := v.MountAt(guest)
	if m == nil || m.Kind != Proc || v.hider == nil {
		return false
	}
	rel := guest[skipSlashes(guest, min(m.tlen, len(guest))):]
	comp := rel[:endOfName(rel, 0)]
	return comp != "" && comp[0] >= '0' && comp[0] <= '9' && v.hider.Hidden(comp)
}

// hidden reports whether comp is a process that the guest must not see.
func (w *walker) hidden(comp string) bool {
	return w.m.Kind == Proc && w.v.hider != nil && len(w.g) == w.m.tlen &&
		comp != "" && comp[0] >= '0' && comp[0] <= '9' && w.v.hider.Hidden(comp)
}
