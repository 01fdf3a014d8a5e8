package fsview

// node is a directory of the mount trie: a mount point, or a directory above
// one. Guest paths that leave the trie have no mount point below them.
type node struct {
	name  string
	mount *Mount
	kids  []*node
}

// child finds the entry called name. It is called for every component of every
// path. The lists are short (a handful of mount points in one directory), and
// comparing a string with one of another length costs next to nothing.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// put enters m at its canonical Target. Everything below is shadowed from then
// on and leaves the trie.
func (n *node) put(m *Mount) {
	for i, rest := 0, m.Target; ; {
		i = skipSlashes(rest, i)
		if i == len(rest) {
			break
		}
		j := endOfName(rest, i)
		k := n.child(rest[i:j])
		if k == nil {
			k = &node{name: rest[i:j]}
			n.kids = append(n.kids, k)
		}
		n, i = k, j
	}
	n.mount, n.kids = m, nil
}

// find returns the node of the canonical guest path g (nil if it is off the
// trie) and the mount that covers it.
func (n *node) find(g string) (*node, *Mount) {
	m := n.mount
	for i := skipSlashes(g, 0); i < len(g) && n != nil; {
		j := endOfName(g, i)
		if n = n.child(g[i:j]); n != nil && n.mount != nil {
			m = n.mount
		}
		i = skipSlashes(g, j)
	}
	return n, m
}

// each calls f for the mounts in the trie, parents first.
func (n *node) each(f func(*Mount)) {
	if n.mount != nil {
		f(n.mount)
	}
	for _, k := range n.kids {
		k.each(f)
	}
}

func skipSlashes(s string, i int) int {
	for i < len(s) && s[i] == '/' {
		i++
	}
	return i
}

func endOfName(s string, i int) int {
	for i < len(s) && s[i] != '/' {
		i++
	}
	return i
}

// chop returns the length of the canonical path g without its last component.
func chop(g []byte) int {
	i := len(g)
	for i > 0 && g[i-1] != '/' {
		i--
	}
	return max(i-1, 0)
}
