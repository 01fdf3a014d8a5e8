/* How a path becomes a descriptor: a walk over the mount table and the table of
   opens. Whatever it is not sure of is answered with SLOW, less a reason. */

#include "view.h"

/* instead closes t, which was only needed on the way to f, and gives f its number:
   a guest's descriptor is the lowest that was free (open(2)). */
static __attribute__((noinline)) long instead(long f, long t, u64 h, u32 deny)
{
	if (deny & KEEP && f > t && gadget(__NR_dup3, f, t, *(const u32 *)h & O_CLOEXEC, 0, 0) == t) {
		closefd(f);
		return t;
	}
	closefd(t);
	return f;
}

/* beneath opens path by a descriptor below which the view has no mount. */
static long beneath(long fd, const char *path, u64 h)
{
	if (*path)
		return verdict(openat2(fd, path, h));
	/* "." asks for the search permission of the directory, its name does not. */
	long r = openat2(fd, (const char *)DOT, h);
	return r == -EACCES ? SLOW - WHY_KERNEL : verdict(r);
}

static u32 child(u32 node, const char *q, u32 len)
{
	const struct node *n = &NODES[node];
	for (u32 k = n->kids; k < n->kids + n->nkids; k++) {
		if (NODES[k].len != len)
			continue;
		const char *a = NAMES + NODES[k].name;
		u32 i = 0;
		while (i < len && a[i] == q[i])
			i++;
		if (i == len)
			return k;
	}
	return 0;
}

/* search asks for the permission to look for the mount point at q, in the
   directory that lies at rel in the mount m: 0, an error, or SLOW. */
static long search(const struct node *m, const char *rel, char *q)
{
	long r;
	if (m->flags & MOUNT_SLOW || m->fd < 0)
		return SLOW - WHY_MOUNT;
	if (q == rel) {
		r = gadget(__NR_faccessat2, m->fd, EMPTY, 1, AT_EMPTY | AT_EACCESS, 0);
	} else {
		/* The name "." is looked for there, and nothing opened: EISDIR. */
		char was[2] = {q[0], q[1]};
		q[0] = '.', q[1] = 0;
		r = openat2(m->fd, rel, literal(PROBE));
		q[0] = was[0], q[1] = was[1];
		if (r == -EISDIR)
			return 0;
	}
	return r == 0 || r == -EACCES ? verdict(r) : SLOW - WHY_MOUNT;
}

#include "links.h"

/* absolute walks the mount table. While the path runs over directories that
   have mounts below them, names are taken literally and no symlink may be
   met; from the first name on that leads to no mount, the kernel walks. */
static long absolute(struct slot *s, char *path, u64 h, u32 deny)
{
	int links = 0;
again:;
	u32 node = 0;
	const struct node *m = &NODES[0];
	const char *rel = slashes(path), *q = rel, *e;
	for (;;) {
		q = slashes(q);
		if (!*q)
			break;
		e = word(q);
		if (e - q == 1 && *q == '.') {
			q = e;
			continue;
		}
		if (!NODES[node].nkids)
			break;
		if (dots(q, e))
			return SLOW - WHY_LINK;
		u32 k = child(node, q, e - q);
		if (!k)
			break;
		if (NODES[k].flags & MOUNT_LINK) {
			if (deny & LITERAL)
				return SLOW - WHY_LOOP;
			if (NODES[k].fd < 0 || links++ == 2 || !*e && nofollow(h) || !(path = splice(s, path, q, e, NODES[k].fd)))
				return SLOW - WHY_LINK;
			goto again;
		}
		node = k;
		if (NODES[node].mount) {
			if (NODES[node].flags & MOUNT_GUARDED && (V->ask || m->flags & MOUNT_SLOW)) {
				long r = search(m, rel, (char *)q);
				if (r)
					return r;
			}
			m = &NODES[node];
			rel = slashes(e);
		}
		q = e;
	}
	if (m->flags & MOUNT_SLOW || m->flags & deny || m->fd < 0 || deny & MOUNT_EXACT && (!*q || dotdot(q)))
		return SLOW - WHY_MOUNT;
	if (!*q && creates(h))
		return SLOW - WHY_MOUNT;
	if (deny & LITERAL)
		return beneath(m->fd, rel, literal(h));
	if (!NODES[node].nkids)
		return confined(s, beneath(m->fd, rel, h), path, h, deny);
	if (!*q)
		return beneath(m->fd, rel, literal(h));
	e = word(q);
	if (!dotdot(e)) {
		long r = openat2(m->fd, rel, literal(h));
		if (r != -ELOOP)
			return verdict(r);
	}
	/* A symlink or ".." is involved: one step, then beneath. */
	char end = *e;
	*(char *)e = 0;
	long f = openat2(m->fd, rel, literal(PATH_DIR));
	if (f >= 0) {
		*(char *)e = end;
		u64 own = owned(h);
		long r = own ? beneath(f, slashes(e), own) : resolved(s, f, slashes(e), path, h, deny);
		return confined(s, instead(r, f, h, deny), path, h, deny);
	}
	/* "/bin" → "usr/bin". Only the root directory's links are followed here:
	   it is nobody's sticky directory. */
	if (f != -ELOOP || node != 0 || links++ == 2)
		return SLOW - WHY_LINK;
	f = openat2(m->fd, rel, literal(PATH_NOFOLLOW));
	*(char *)e = end;
	if (f < 0)
		return SLOW - WHY_LINK;
	if (!*e && nofollow(h)) {
		closefd(f);
		return SLOW - WHY_LINK;
	}
	path = splice(s, path, q, e, f);
	if (!path)
		return SLOW - WHY_LINK;
	goto again;
}

/* directory says whether a descriptor is one of a directory. */
static int directory(long fd)
{
	struct stat st;
	return gadget(__NR_newfstatat, fd, EMPTY, (long)&st, AT_EMPTY, 0) != 0 || (st.mode & 0170000) == 0040000;
}

enum { ABOVE = 1, ROOT = 2 };

/* place says whether a directory may have mounts at or below it (ABOVE), and
   whether it is one's own (ROOT). */
static int place_of(long fd, struct stat *st)
{
	u32 n = V->nabove, all = n + V->nroots;
	int r = 0;
	if (gadget(__NR_newfstatat, fd, EMPTY, (long)st, AT_EMPTY, 0) != 0)
		return ABOVE | ROOT;
	for (u32 i = 0; i < all; i++)
		if (V->above[i].dev == st->dev && (V->above[i].ino == st->ino || !V->above[i].ino))
			r |= i < n ? ABOVE | (V->above[i].ino ? 0 : ROOT) : ROOT;
	return r;
}

static int place(long fd)
{
	struct stat st;
	return place_of(fd, &st);
}

/* up opens a path that begins with "..", name by name until it goes down
   again: the kernel's ".." is the view's but for the root of a mount. */
static __attribute__((noinline)) long up(int fd, const char *path, u64 h, u32 deny)
{
	long f = fd;
	for (int n = 0;; n++) {
		const char *e = slashes(path + 2);
		u64 step = HOW_UP + (16 + 2) * HOW_STRIDE; /* O_DIRECTORY | O_CLOEXEC */
		long next = SLOW - WHY_UP;
		if (!(place(f) & ROOT) && n < 8) {
			if (!*e && h >= HOW_READ && h < HOW_READ + 16 * HOW_STRIDE)
				step = h - HOW_READ + HOW_UP;
			else if (!*e && h >= HOW + 32 * HOW_STRIDE && h < HOW + 48 * HOW_STRIDE)
				step = h - HOW - 16 * HOW_STRIDE + HOW_UP;
			else if (!*e && (deny & KEEP || h < PATH || h > PATH_NOFOLLOW))
				step = 0;
			if (step)
				next = openat2(f, (const char *)DOTDOT, step);
		}
		if (f != fd)
			next = instead(next, f, h, *e ? 0 : deny);
		if (next < 0)
			return SLOW - WHY_UP;
		f = next;
		path = e;
		if (!*path)
			break;
		if (dots(path, word(path)))
			continue;
		next = SLOW - WHY_UP;
		if (!(place(f) & ABOVE))
			next = verdict(openat2(f, path, owned(h)));
		return instead(next, f, h, deny);
	}
	if (deny & MOUNT_EXACT && place(f) & ROOT) {
		closefd(f);
		return SLOW - WHY_UP;
	}
	return f;
}

/* guess is the path of a directory, if it is known: whose descriptor was opened
   here, or whose name the tracer has left. It may be another one's. */
static const volatile char *guess(struct slot *s, int fd)
{
	if (fd >= 0 && DIR(fd)->fd == (u32)fd + 1)
		return DIR(fd)->path;
	return (const volatile char *)(CWDS + (s->here % NUM_CWDS) * CWD_SIZE);
}

/* below writes the guessed path of what s->path is in a directory; n is its
   length, or size if it is too long or unknown. */
static u32 below(struct slot *s, int fd, volatile char *to, u32 size)
{
	const volatile char *p = guess(s, fd);
	u32 n = 0;
	if (s->path[0] != '/') {
		if (*p != '/')
			return size;
		while (n < size - 1 && (to[n] = *p++))
			n++;
		to[n++] = '/';
	}
	p = s->path;
	while (n < size && (to[n] = *p++))
		n++;
	return n;
}

/* remembers says whether an open is of a directory in which files could be
   opened by its name only. */
static int remembers(u32 flags, u32 deny)
{
	return flags & O_DIRECTORY && deny & KEEP && (V->flags & (VIEW_ANY_FD | VIEW_OWN)) == VIEW_ANY_FD && V->anyend <= HOW_READ;
}

/* remember keeps the path by which a directory was opened. */
static void remember(struct slot *s, int fd, long f)
{
	volatile struct dir *d = DIR(f);
	d->fd = below(s, fd, d->path, sizeof d->path) == sizeof d->path ? 0 : f + 1;
}

/* straight opens path by the guest's own descriptor, if its names tell that there
   is no mount on the way and no symlink is met; -ELOOP says that it is not so. */
static long straight(int fd, const char *path, u64 h)
{
	return V->flags & VIEW_NAMED && !points(path) ? openat2(fd, path, literal(h)) : -ELOOP;
}

/* named opens a file for reading where the guest's own descriptor is good for
   names only: by the name that was last known for the directory. */
static long named(struct slot *s, int fd, u64 h, u32 deny)
{
	struct stat st = {.ino = 0};
	int dir;
	u64 p = owned(nofollow(h) ? PATH_NOFOLLOW : PATH);
	/* The name may be in the table of descriptors. Else it goes by the inode,
	   at first by that of the directory that was the current one last. */
	int looked = fd >= 0, listed = looked && DIR(fd)->fd == (u32)fd + 1;
	if (h < HOW_READ || h >= HOW_WRITE || !p)
		return SLOW - WHY_FD;
	long g = straight(fd, s->path, p);
	if (g == -ELOOP) {
		looked = 1;
		if (place_of(fd, &st) & ABOVE)
			return SLOW - WHY_ABOVE;
		s->here = st.ino;
		g = openat2(fd, s->path, p);
	} else if (g >= 0 && looked && !listed) {
		place_of(fd, &st);
		s->here = st.ino;
	}
	if (g < 0)
		return verdict(g);
	long f;
	for (;;) {
		f = SLOW - WHY_CWD;
		if (below(s, fd, s->next, PATH_SIZE) < PATH_SIZE)
			f = again(s, g, s->next, h, deny, &dir);
		if (f >= 0 || f == -EINTR || looked++)
			break;
		place_of(fd, &st);
		if (st.ino == s->here)
			break;
		s->here = st.ino;
	}
	f = instead(f, g, h, deny);
	if (f >= 0 && dir && remembers(O_DIRECTORY, deny))
		remember(s, fd, f);
	if (f >= 0 || f == -EINTR)
		return f;
	if (fd >= 0)
		DIR(fd)->fd = 0;
	return SLOW - WHY_CWD;
}

/* relative goes by the guest's own descriptor, if it can be seen that no mount
   lies below it. */
static long relative(struct slot *s, int fd, u64 h, u32 deny)
{
	u32 fl = V->flags;
	struct stat st;
	char *path = s->path;
	if (!(fl & VIEW_ANY_FD) || (fd < 0 && fd != FDCWD) || fd >= (int)V->firstfd)
		return SLOW - WHY_FD;
	u64 own = owned(h);
	if (!own || own != h && fl & deny)
		return named(s, fd, h, deny);
	if (fl & deny)
		return SLOW - WHY_FD;
	if (deny & LITERAL) {
		long f = straight(fd, path, own);
		return f == -ELOOP ? SLOW - WHY_LOOP : verdict(f);
	}
	if (dots(path, word(path)) && fl & VIEW_UP)
		return h < HOW_WRITE ? up(fd, path, h, deny) : SLOW - WHY_FD;
	int remember = remembers(*(const u32 *)h, deny);
	/* What only the view has, at and above a mount point, is read-only. */
	if (!(deny & MOUNT_RO) && (!remember || fd >= 0 && DIR(fd)->fd == (u32)fd + 1)) {
		long f = straight(fd, path, own);
		if (f != -ELOOP)
			return verdict(f);
	}
	int at = place_of(fd, &st);
	s->here = st.ino;
	if (at & ABOVE || deny & MOUNT_EXACT && (dotdot(path) || at & ROOT && self(path)))
		return SLOW - WHY_ABOVE;
	if (fd < 0 && remember && *guess(s, fd) != '/')
		return SLOW - WHY_CWD; /* once: what is opened below will need it */
	return verdict(openat2(fd, path, own));
}

/* rewalk opens the path that has been copied. */
static long rewalk(struct slot *s, int fd, u64 h, u32 deny)
{
	if (h >= HOW_WRITE)
		deny |= MOUNT_RO;
	if (h >= HOW_READ)
		deny |= MOUNT_NO_DEV;
	long f = s->path[0] == '/' ? absolute(s, s->path, h, deny) : relative(s, fd, h, deny);
	if (f >= 0 && remembers(*(const u32 *)h, deny))
		remember(s, fd, f);
	return f;
}

static int copied(struct slot *s, u64 from)
{
	return copy(s, from) && s->path[0];
}

/* walk opens a path: a descriptor, a definite error, or SLOW. */
static long walk(struct slot *s, int fd, u64 from, u64 h, u32 deny)
{
	if (!h)
		return SLOW - WHY_FLAGS;
	if (!copied(s, from))
		return SLOW - WHY_PATH;
	return rewalk(s, fd, h, deny);
}
