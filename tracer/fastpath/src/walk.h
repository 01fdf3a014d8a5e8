/* How a path becomes a descriptor: the mount table, the table of opens, and the
   walk over both. Whatever it is not sure of is answered with SLOW, less a
   reason. */

#include <asm/unistd.h>

typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

struct slot {
	u64 busy, rsp, site, nr, di, si, dx, r10, r8, r9;
	u32 phase, defer;
	u64 saved[6], result;
	u64 off, pad[5];
	char path[PATH_SIZE];
	char next[PATH_SIZE]; /* a path composed from a link */
};
_Static_assert(__builtin_offsetof(struct slot, r9) == SLOT_R9, "slot");
_Static_assert(__builtin_offsetof(struct slot, phase) == SLOT_PHASE, "slot");
_Static_assert(__builtin_offsetof(struct slot, result) == SLOT_RESULT, "slot");
_Static_assert(__builtin_offsetof(struct slot, path) == SLOT_PATH, "slot");

struct node {
	u16 name, len;   /* in names[] */
	u16 kids, nkids; /* in nodes[] */
	int fd;          /* of the mount, or -1 */
	u32 flags;       /* of the mount */
	u8 mount, pad[15];
};
_Static_assert(sizeof(struct node) == NODE_SIZE, "node");

struct view {
	u32 flags, nabove, anyend, firstfd, nroots, pad[3];
	struct { u64 dev, ino; } above[MAX_ABOVE]; /* and the roots */
	struct node nodes[MAX_NODES];
	char names[MAX_NAMES];
};
_Static_assert(__builtin_offsetof(struct view, nodes) == VIEW_NODES, "view");
#define V ((const volatile struct view *)VIEW)
#define NODES ((const struct node *)(VIEW + VIEW_NODES))
#define NAMES ((const char *)(VIEW + VIEW_NAMES))

long gadget(long nr, long a, long b, long c, long d, long e);

enum { FDCWD = -100 };
enum {
	O_ACC = 3, O_CREAT = 0100, O_EXCL = 0200, O_NOCTTY = 0400, O_TRUNC = 01000, O_APPEND = 02000, O_NONBLOCK = 04000,
	O_LARGEFILE = 0100000, O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000, O_CLOEXEC = 02000000, O_PATH = 010000000
};
enum { AT_NOFOLLOW = 0x100, AT_EACCESS = 0x200, AT_NOAUTO = 0x800, AT_EMPTY = 0x1000, AT_SYNC = 0x6000 };
enum { STATX_MOUNT = 0x5000, STATX_INO = 0x100, STATX_MNT_ID = 0x1000 }; /* STATX_MOUNT: and STATX_MNT_ID_UNIQUE */
enum {
	ENOENT = 2, EINTR = 4, ENXIO = 6, EACCES = 13, EFAULT = 14, EEXIST = 17, EXDEV = 18, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, ERANGE = 34,
	ENAMETOOLONG = 36, ELOOP = 40, ENODATA = 61, EOPNOTSUPP = 95
};
/* Asked for beside the flags of mounts: no symlink may be met (getcwd); the
   descriptor is the guest's to keep (open). */
enum { LITERAL = 1 << 30, KEEP = 1 << 29 };

/* Addresses of open_how entries, Beneath; Literal lies block*HOW_STRIDE on. */
enum { PATH = HOW + 4 * HOW_STRIDE, PATH_NOFOLLOW = PATH + 2 * HOW_STRIDE, PATH_DIR = PATH + HOW_STRIDE };

/* how finds the entry of an open, or 0. It mirrors howtable.go. */
static u64 how(u32 f, u32 mode)
{
	u32 i;
	f &= ~O_LARGEFILE;
	if (f & O_PATH)
		return HOW + ((f & O_DIRECTORY ? 1 : 0) | (f & O_NOFOLLOW ? 2 : 0) | (f & O_CLOEXEC ? 4 : 0)) * HOW_STRIDE;
	i = (f & O_NOFOLLOW ? 1 : 0) | (f & O_CLOEXEC ? 2 : 0);
	if ((f & (O_ACC | O_CREAT | O_TRUNC)) == 0) {
		if (f & ~(O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_DIRECTORY))
			return 0;
		i |= (f & O_NOCTTY ? 4 : 0) | (f & O_NONBLOCK ? 8 : 0);
		if (f & O_DIRECTORY)
			return HOW + (32 + i) * HOW_STRIDE;
		return HOW_READ + i * HOW_STRIDE;
	}
	if ((f & O_ACC) == 0 || (f & O_ACC) == 3 || f & ~(O_ACC | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC))
		return 0;
	i |= (f & O_TRUNC ? 4 : 0) | (f & O_APPEND ? 8 : 0) | ((f & O_ACC) == 2 ? 16 : 0);
	if (f & O_CREAT) {
		u32 m;
		switch (mode & 07777) {
		case 0666: m = 0; break;
		case 0644: m = 1; break;
		case 0600: m = 2; break;
		case 0777: m = 3; break;
		default: return 0;
		}
		i += 32 + m * 64 + (f & O_EXCL ? 32 : 0);
	} else if (f & O_EXCL)
		return 0;
	return HOW_WRITE + i * HOW_STRIDE;
}

static u64 literal(u64 h)
{
	return h + (h < HOW_READ ? PATH_OPENS : h < HOW_WRITE ? READ_OPENS : WRITE_OPENS) * HOW_STRIDE;
}

static int nofollow(u64 h)
{
	return *(const u32 *)h & (O_NOFOLLOW | O_EXCL);
}

static int creates(u64 h)
{
	return *(const u32 *)h & O_CREAT;
}

/* Errors that mean for the plain call what they mean here. EXDEV, ELOOP,
   EAGAIN, EMFILE and whatever is new do not. */
static int definite(long r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES || r == -ENAMETOOLONG || r == -EEXIST || r == -EISDIR || r == -ENXIO || r == -EINTR;
}

static long verdict(long r)
{
	if (r >= 0 || definite(r))
		return r;
	return r == -EXDEV ? SLOW - WHY_CONFINED : r == -ELOOP ? SLOW - WHY_LOOP : SLOW - WHY_KERNEL;
}

static long openat2(long fd, const char *path, u64 h)
{
	return gadget(__NR_openat2, fd, (long)path, h, 24, 0);
}

static void closefd(long fd)
{
	gadget(__NR_close, fd, 0, 0, 0, 0);
}

static const char *slashes(const char *p)
{
	while (*p == '/')
		p++;
	return p;
}

static const char *word(const char *p)
{
	while (*p && *p != '/')
		p++;
	return p;
}

static int dots(const char *q, const char *e)
{
	return e - q == 2 && q[0] == '.' && q[1] == '.';
}

/* dotdot says whether ".." is among the names of a path. */
static int dotdot(const char *p)
{
	while (*p) {
		const char *w = slashes(p);
		p = word(w);
		if (dots(w, p))
			return 1;
	}
	return 0;
}

/* self says whether a path is nothing but "." and slashes. */
static int self(const char *p)
{
	while (*p == '.' && (p[1] == '/' || !p[1]))
		p = slashes(p + 1);
	return !*p;
}

/* copy brings the guest's string into the slot, so that what is looked at is
   what the kernel will see; it is the only place that reads the guest's
   memory, and nothing has been done before it: a fault is taken back to the
   site. It returns 0 if the string is too long. */
static int copy(struct slot *s, u64 from)
{
	const volatile char *p = (const volatile char *)from;
	for (u32 i = 0; i < PATH_SIZE; i++)
		if (!(s->path[i] = p[i]))
			return 1;
	return 0;
}

/* beneath opens path by a descriptor below which the view has no mount. */
static long beneath(long fd, const char *path, u64 h)
{
	if (!*path)
		path = (const char *)DOT;
	return verdict(openat2(fd, path, h));
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

/* compose makes the path that a link in a directory of the trie leads to. */
static int compose(struct slot *s, char *path, const char *name, const char *tail, char *body, long n)
{
	u32 i = 0;
	char *to = path == s->path ? s->next : s->path;
	if (body[0] != '/')
		for (const char *p = path; p < name; p++)
			to[i++] = *p;
	if (i + n >= PATH_SIZE)
		return 0;
	for (long k = 0; k < n; k++)
		to[i++] = body[k];
	for (; i < PATH_SIZE; i++, tail++)
		if (!(to[i] = *tail))
			return 1;
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
		char was[2] = {q[0], q[1]};
		q[0] = '.', q[1] = 0;
		r = openat2(m->fd, rel, literal(PATH_DIR));
		q[0] = was[0], q[1] = was[1];
		if (r >= 0) {
			closefd(r);
			return 0;
		}
	}
	return r == 0 || r == -EACCES ? r : SLOW - WHY_MOUNT;
}

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
		node = k;
		if (NODES[node].mount) {
			long r = NODES[node].flags & MOUNT_GUARDED ? search(m, rel, (char *)q) : 0;
			if (r)
				return r;
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
		return beneath(m->fd, rel, h);
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
		long r = h >= V->anyend ? SLOW - WHY_LINK : beneath(f, slashes(e), h);
		closefd(f);
		return r;
	}
	/* "/bin" → "usr/bin". Only the root directory's links are followed here:
	   it is nobody's sticky directory. */
	if (f != -ELOOP || node != 0 || links++ == 2)
		return SLOW - WHY_LINK;
	f = openat2(m->fd, rel, literal(PATH_NOFOLLOW));
	*(char *)e = end;
	if (f < 0)
		return SLOW - WHY_LINK;
	char body[256];
	long n = gadget(__NR_readlinkat, f, EMPTY, (long)body, sizeof body, 0);
	closefd(f);
	if (n <= 0 || n == sizeof body || !*e && nofollow(h))
		return SLOW - WHY_LINK;
	if (!compose(s, path, q, e, body, n))
		return SLOW - WHY_LINK;
	path = path == s->path ? s->next : s->path;
	goto again;
}

struct stat { u64 dev, ino, nlink; u32 mode, rest[29]; };
_Static_assert(sizeof(struct stat) == 144, "stat");

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
static long up(int fd, const char *path, u64 h, u32 deny)
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
			closefd(f);
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
			next = verdict(openat2(f, path, h));
		closefd(f);
		return next;
	}
	if (deny & MOUNT_EXACT && place(f) & ROOT) {
		closefd(f);
		return SLOW - WHY_UP;
	}
	return f;
}

/* named opens a file for reading where the guest's own descriptor is good for
   names only: by the name that the tracer last knew for the directory. That is
   a guess, so what it leads to must be what the descriptor leads to. */
static long named(struct slot *s, int fd, u64 ino, u64 h, u32 deny)
{
	struct stat want, got;
	if (h < HOW_READ || h >= HOW_WRITE)
		return SLOW - WHY_FD;
	const volatile char *guess = (const volatile char *)(CWDS + (ino % NUM_CWDS) * CWD_SIZE);
	long g = openat2(fd, s->path, nofollow(h) ? PATH_NOFOLLOW : PATH);
	if (g < 0)
		return verdict(g);
	long f = SLOW - WHY_CWD;
	u32 n = 0;
	while (n < CWD_SIZE && (s->next[n] = guess[n]))
		n++;
	if (s->next[0] != '/' || n == CWD_SIZE ||
		gadget(__NR_newfstatat, g, EMPTY, (long)&want, AT_EMPTY, 0) != 0 || (want.mode & 0170000) != 0100000)
		goto out;
	s->next[n++] = '/';
	for (const char *p = s->path; n < PATH_SIZE; n++)
		if (!(s->next[n] = *p++))
			break;
	if (n == PATH_SIZE)
		goto out;
	f = absolute(s, s->next, h, deny | LITERAL);
	if (f >= 0 && (gadget(__NR_newfstatat, f, EMPTY, (long)&got, AT_EMPTY, 0) != 0 || got.ino != want.ino || got.dev != want.dev)) {
		closefd(f);
		f = SLOW - WHY_CWD;
	}
	if (f < 0 && f != -EINTR)
		f = SLOW - WHY_CWD;
out:
	closefd(g);
	return f;
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
	if (h >= V->anyend) {
		if (place_of(fd, &st) & ABOVE)
			return SLOW - WHY_ABOVE;
		return named(s, fd, st.ino, h, deny);
	}
	if (fl & deny)
		return SLOW - WHY_FD;
	if (dots(path, word(path)) && fl & VIEW_UP)
		return h < HOW_WRITE ? up(fd, path, h, deny) : SLOW - WHY_FD;
	int at = place(fd);
	if (at & ABOVE || deny & MOUNT_EXACT && (dotdot(path) || at & ROOT && self(path)))
		return SLOW - WHY_ABOVE;
	return verdict(openat2(fd, path, h));
}

/* walk opens a path: a descriptor, a definite error, or SLOW. */
static long walk(struct slot *s, int fd, u64 from, u64 h, u32 deny)
{
	if (!h)
		return SLOW - WHY_FLAGS;
	if (!copy(s, from) || !s->path[0])
		return SLOW - WHY_PATH;
	if (h >= HOW_WRITE)
		deny |= MOUNT_RO;
	if (h >= HOW_READ)
		deny |= MOUNT_NO_DEV;
	if (s->path[0] == '/')
		return absolute(s, s->path, h, deny);
	return relative(s, fd, h, deny);
}
