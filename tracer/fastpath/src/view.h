/* What the code knows of the view, of opens and of paths: the tables in the
   window, and helpers that make no choice. */

#include <asm/unistd.h>

typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;

struct slot {
	u64 busy, rsp, site, nr, di, si, dx, r10, r8, r9;
	u32 phase, defer;
	u64 saved[6], result;
	u64 off, here, linked, pad[3]; /* here: the inode of the directory that a walk last began in; linked: the last readlink was one of a link */
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
	u32 flags, nabove, anyend, firstfd, nroots, uid, gid, ask;
	u8 points[POINTS_SIZE];
	struct { u64 dev, ino; } above[MAX_ABOVE]; /* and the roots */
	struct node nodes[MAX_NODES];
	char names[MAX_NAMES];
};
_Static_assert(__builtin_offsetof(struct view, nodes) == VIEW_NODES, "view");
_Static_assert(__builtin_offsetof(struct view, ask) == VIEW_ASK && __builtin_offsetof(struct view, points) == VIEW_POINTS, "view");
#define V ((const volatile struct view *)VIEW)
#define NODES ((const struct node *)(VIEW + VIEW_NODES))
#define NAMES ((const char *)(VIEW + VIEW_NAMES))

struct dir { u32 fd; char path[DIR_SIZE - 4]; }; /* fd: the number and 1, or 0 */
#define DIR(fd) (&((volatile struct dir *)DIRS)[(fd) % NUM_DIRS])

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
enum { PATH = HOW + 4 * HOW_STRIDE, PATH_NOFOLLOW = PATH + 2 * HOW_STRIDE, PATH_DIR = PATH + HOW_STRIDE, PROBE = HOW + 8 * HOW_STRIDE };

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
	return h + (h < HOW_OWN ? PATH_OPENS : h < HOW_WRITE ? READ_OPENS : WRITE_OPENS) * HOW_STRIDE;
}

/* owned is the entry to be used with a descriptor of the guest's own for an
   open, or 0. */
static u64 owned(u64 h)
{
	if (V->flags & VIEW_NARROW) {
		if (!(V->flags & VIEW_ANY_FD))
			return 0;
		if (h < HOW_OWN_PATH)
			return h - HOW + HOW_OWN_PATH;
	} else if (h < V->anyend)
		return h;
	return h >= HOW_READ && h < HOW_WRITE && V->flags & VIEW_OWN ? h - HOW_READ + HOW_OWN : 0;
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
	if (r == -EACCES && V->flags & VIEW_IDS)
		return SLOW - WHY_OWNER; /* the guest's root may, whatever the mode */
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

/* points says whether a path may meet a mount point of the view on its way down,
   wherever it begins, if no symlink is in it: a mount point keeps its name. ""
   and "." alone have no name to tell by, and ".." leads up. It mirrors pointBit
   in view.go. */
static int points(const char *p)
{
	int some = 0;
	for (p = slashes(p); *p; p = slashes(p)) {
		const char *q = p;
		u32 h = 0;
		for (; *p && *p != '/'; p++)
			h = h * 31 + (u8)*p;
		if (p - q == 1 && *q == '.')
			continue;
		h = h * 0x9e3779b1u >> 22;
		if (dots(q, p) || V->points[h / 8] >> h % 8 & 1)
			return 1;
		some = 1;
	}
	return !some;
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
