/* The handler: freestanding C without library, data or vector registers. It
   writes to its slot and to what the guest's call names, nothing else. All
   that it is not sure of is answered with SLOW, less a reason. */

#include "walk.h"

#include "owner.h"

static int identify(long fd, struct statx *x)
{
	return gadget(__NR_statx, fd, EMPTY, AT_EMPTY, STATX_INO | STATX_MNT_ID, (long)x) == 0 &&
		(x->mask & (STATX_INO | STATX_MNT_ID)) == (STATX_INO | STATX_MNT_ID);
}

/* getcwd asks the kernel, if that may tell. Else it looks whether the name that the
   tracer knew for the current directory still is its name. A directory has only
   one. */
static __attribute__((noinline)) long getcwd(struct slot *s, u64 buf, u64 size)
{
	struct statx here, there;
	if (V->flags & VIEW_CWD) {
		long r = gadget(__NR_getcwd, (long)s->path, PATH_SIZE, 0, 0, 0);
		if (r == -ENOENT)
			return r; /* it has been removed */
		if (r <= 0 || s->path[0] != '/')
			return SLOW - WHY_CWD; /* too long, or "(unreachable)" */
		if (size < (u64)r)
			return -ERANGE;
		give(s, buf, s->path, r);
		return r;
	}
	if (!identify(FDCWD, &here))
		return SLOW - WHY_CWD;
	const volatile char *from = (const volatile char *)(CWDS + (here.ino % NUM_CWDS) * CWD_SIZE);
	u64 n = 0;
	do {
		if (n == CWD_SIZE)
			return SLOW - WHY_CWD;
		s->path[n] = from[n];
	} while (s->path[n++]);
	if (s->path[0] != '/' || size < n)
		return SLOW - WHY_CWD;
	long f = absolute(s, s->path, PATH_DIR, MOUNT_TWICE | LITERAL);
	if (f < 0)
		return SLOW - WHY_CWD;
	int same = identify(f, &there) && here.ino == there.ino && here.major == there.major && here.minor == there.minor && here.mnt == there.mnt;
	closefd(f);
	if (!same)
		return SLOW - WHY_CWD;
	give(s, buf, s->path, n);
	return n;
}

/* dotted says whether the last name of a path has a dot: it is a file's then,
   mostly. */
static int dotted(const char *p)
{
	int dot = 0;
	for (; *p; p++)
		dot = *p == '/' ? 0 : dot | (*p == '.');
	return dot;
}

/* plain answers a readlink of what is no link, as realpath(3) asks for each name on
   its way, with as few calls as that needs; 0 if it may be one. The path,
   walked literally, stays as it was copied. */
static __attribute__((noinline)) long plain(struct slot *s, int fd)
{
	long f = dotted(s->path) ? -ENOTDIR : rewalk(s, fd, PROBE, LITERAL);
	if (f == -ENOTDIR) {
		/* The last name may be a file's, or one before it is. */
		f = rewalk(s, fd, PATH, LITERAL);
		if (f >= 0) {
			closefd(f);
			return -EINVAL;
		}
	}
	if (f == -EISDIR)
		return -EINVAL;
	return f == SLOW - WHY_LOOP ? 0 : f;
}

/* theirs says that a descriptor is none of the reserved ones, of which a guest is
   to see nothing. */
static int theirs(int fd)
{
	return fd >= 0 && fd < (int)V->firstfd;
}

/* empty says whether a path is "", as fstat(3) passes it. */
static int empty(u64 path)
{
	return path && !*(const volatile char *)path;
}

static long answer(struct slot *s)
{
	int fd = FDCWD;
	u32 fl = 0, mode;
	u64 path, buf, view = V->flags;
	long f, r;
	switch (s->nr) {
	case __NR_open:
		path = s->di, fl = s->si, mode = s->dx;
		goto open;
	case __NR_openat:
		fd = s->di, path = s->si, fl = s->dx, mode = s->r10;
	open:
		if (fl & O_CREAT && view & VIEW_NO_CREATE)
			return SLOW - WHY_CALL;
		if (view & VIEW_IDS && fl & (O_ACC | O_CREAT | O_TRUNC))
			return SLOW - WHY_OWNER; /* who is to own it has to be recorded */
		f = walk(s, fd, path, how(fl, mode), KEEP | MOUNT_DIFFERS | (fl & (O_DIRECTORY | O_PATH) ? MOUNT_TWICE : 0));
		if (f >= 0 && view & VIEW_IDS && !(fl & O_PATH) && device(f)) {
			r = SLOW - WHY_OWNER;
			break;
		}
		if (f < 0 || !(view & MOUNT_TWICE) || fl & (O_DIRECTORY | O_PATH) || !directory(f))
			return f;
		r = SLOW - WHY_MOUNT; /* which place it was opened by has to be noted */
		break;

	case __NR_lstat:
		fl = AT_NOFOLLOW;
		/* fall through */
	case __NR_stat:
		path = s->di, buf = s->si;
		goto stat;
	case __NR_newfstatat:
		fd = s->di, path = s->si, buf = s->dx, fl = s->r10;
		if (fl & ~(AT_NOFOLLOW | AT_EMPTY | AT_NOAUTO))
			return SLOW - WHY_CALL;
		if (fl & AT_EMPTY && empty(path)) {
			if (!theirs(fd) || view & VIEW_NO_STAT)
				return SLOW - WHY_CALL;
			if (view & VIEW_IDS)
				return showstat(s, fd, OWN, buf);
			return gadget(__NR_newfstatat, fd, EMPTY, buf, AT_EMPTY, 0);
		}
	stat:
		if (view & VIEW_NO_STAT)
			return SLOW - WHY_CALL;
		f = walk(s, fd, path, fl & AT_NOFOLLOW ? PATH_NOFOLLOW : PATH, 0);
		if (f < 0)
			return f;
		if (view & VIEW_IDS)
			return showstat(s, f, OURS, buf);
		r = gadget(__NR_newfstatat, f, EMPTY, buf, AT_EMPTY, 0);
		break;
	case __NR_statx:
		fd = s->di, path = s->si, fl = s->dx;
		if (fl & ~(AT_NOFOLLOW | AT_EMPTY | AT_NOAUTO | AT_SYNC) || s->r10 & STATX_MOUNT || view & VIEW_NO_STAT)
			return SLOW - WHY_CALL;
		if (fl & AT_EMPTY && empty(path)) {
			if (!theirs(fd))
				return SLOW - WHY_CALL;
			if (view & VIEW_IDS)
				return showstatx(s, fd, OWN, fl & AT_SYNC);
			return gadget(__NR_statx, fd, EMPTY, (fl & AT_SYNC) | AT_EMPTY, s->r10, s->r8);
		}
		f = walk(s, fd, path, fl & AT_NOFOLLOW ? PATH_NOFOLLOW : PATH, MOUNT_EXACT);
		if (f < 0)
			return f;
		if (view & VIEW_IDS)
			return showstatx(s, f, OURS, fl & AT_SYNC);
		r = gadget(__NR_statx, f, EMPTY, (fl & AT_SYNC) | AT_EMPTY, s->r10, s->r8);
		break;

	case __NR_access:
		path = s->di, mode = s->si;
		goto access;
	case __NR_faccessat:
		fd = s->di, path = s->si, mode = s->dx;
		goto access;
	case __NR_faccessat2:
		fd = s->di, path = s->si, mode = s->dx, fl = s->r10;
	access:
		if (fl & ~(AT_EACCESS | AT_NOFOLLOW) || mode & ~7 || view & VIEW_NO_ACCESS)
			return SLOW - WHY_CALL;
		f = walk(s, fd, path, fl & AT_NOFOLLOW ? PATH_NOFOLLOW : PATH, (mode & 2 ? MOUNT_RO : 0) | (mode & 1 ? MOUNT_NO_EXEC : 0));
		if (f < 0)
			return f;
		r = 0;
		if (mode) {
			r = gadget(__NR_faccessat2, f, EMPTY, mode, AT_EMPTY | (fl & AT_EACCESS), 0);
			r = r == 0 || r == -EACCES ? verdict(r) : SLOW - WHY_CALL;
		}
		break;

	case __NR_readlink:
		path = s->di, buf = s->si, mode = s->dx;
		goto readlink;
	case __NR_readlinkat:
		fd = s->di, path = s->si, buf = s->dx, mode = s->r10;
	readlink:
		if ((int)mode <= 0)
			return SLOW - WHY_CALL;
		if (!copied(s, path))
			return SLOW - WHY_PATH;
		f = s->linked ? 0 : plain(s, fd);
		if (f)
			return f;
		f = rewalk(s, fd, PATH_NOFOLLOW, 0);
		if (f < 0)
			return f;
		r = gadget(__NR_readlinkat, f, EMPTY, buf, (int)mode, 0);
		s->linked = r > 0;
		if (r == -ENOENT)
			r = -EINVAL; /* what "" says of an object that is no link */
		break;

	case __NR_getdents64:
		/* A mount point may be missing in a directory above one only. */
		fd = s->di;
		if (!theirs(fd) || !(view & VIEW_ANY_FD) || place(fd) & ABOVE)
			return SLOW - WHY_ABOVE;
		return gadget(__NR_getdents64, fd, s->si, s->dx, 0, 0);

	case __NR_statfs:
		f = walk(s, FDCWD, s->di, PATH, 0);
		if (f < 0)
			return f;
		r = view & VIEW_STATFS ? gadget(__NR_fstatfs, f, s->si, 0, 0, 0) : SLOW - WHY_CALL;
		break;

	case __NR_chdir:
		if (!(view & VIEW_CHDIR))
			return SLOW - WHY_CALL;
		f = walk(s, FDCWD, s->di, PATH_DIR, MOUNT_TWICE);
		if (f < 0)
			return f;
		r = gadget(__NR_fchdir, f, 0, 0, 0, 0);
		r = r == 0 || r == -EACCES ? verdict(r) : SLOW - WHY_CALL;
		break;

	case __NR_getcwd:
		return getcwd(s, s->di, s->si);

	case __NR_lgetxattr:
	case __NR_llistxattr:
		fl = AT_NOFOLLOW;
		/* fall through */
	case __NR_getxattr:
	case __NR_listxattr:
		/* The attribute's name is looked at before the path is: on an error
		   the plain call decides. */
		if (!(view & VIEW_XATTR))
			return SLOW - WHY_CALL;
		f = walk(s, FDCWD, s->di, fl & AT_NOFOLLOW ? PATH_NOFOLLOW : PATH, 0);
		if (f < 0)
			return f <= SLOW ? f : SLOW - WHY_KERNEL;
		r = SLOW - WHY_CALL;
		if (f < NUM_FD_NAMES)
			r = gadget(s->nr == __NR_getxattr || s->nr == __NR_lgetxattr ? __NR_getxattr : __NR_listxattr, FD_NAMES + f * FD_NAME_SIZE, s->si, s->dx, s->r10, 0);
		if (r < 0 && r != -ENODATA && r != -EOPNOTSUPP && r != -ERANGE && r != -EFAULT)
			r = SLOW - WHY_CALL;
		break;

	case __NR_execve:
		/* The search of PATH: only what is not there is answered here. */
		f = walk(s, fd, s->di, PATH, 0);
		if (f < 0)
			return f == -ENOENT || f == -ENOTDIR || f == -EACCES || f <= SLOW ? f : SLOW - WHY_PROGRAM;
		r = SLOW - WHY_PROGRAM;
		break;
	default:
		return SLOW - WHY_CALL;
	}
	closefd(f);
	return r;
}

static void count(u64 at)
{
	__atomic_fetch_add((u32 *)(COUNTS + at), 1, __ATOMIC_RELAXED);
}

long handler(struct slot *s)
{
	long r = answer(s);
	int slow = r <= SLOW && r > SLOW - NUM_WHYS;
	if (V->flags & VIEW_COUNTS) {
		if (slow)
			count(COUNT_REASONS + 4 * (SLOW - r));
		else if (s->nr < NUM_HITS)
			count(COUNT_HITS + 4 * s->nr);
	}
	return slow ? SLOW : r;
}
