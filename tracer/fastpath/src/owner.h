/* What the guest's root sees of files where identities are emulated: the
   host's user is root, and what the guest has given to others is recorded in an
   attribute. A file with a record is left to the tracer. */

struct statx {
	u32 mask, blksize; u64 attributes; u32 nlink, uid, gid; u16 mode, pad;
	u64 ino; u32 rest[24]; u32 major, minor; u64 mnt, rest3[13];
};
_Static_assert(sizeof(struct statx) == 256 && __builtin_offsetof(struct statx, mnt) == 144, "statx");
_Static_assert(sizeof(struct statx) <= PATH_SIZE, "statx");
enum { STATX_OWNER = 0x1b }; /* type, mode, uid, gid */

/* makedev is the device number that stat(2) shows (linux/kdev_t.h, new_encode_dev,
   as far as it has 32 bits). */
static u64 makedev(u32 major, u32 minor)
{
	return (minor & 0xff) | major << 8 | (u64)(minor & ~0xffu) << 12;
}

/* give writes a result to the guest. All that was done can be done again: a
   signal, or a fault in what follows, is taken back to the site. */
static void give(struct slot *s, u64 buf, const char *from, u64 n)
{
	s->phase = 0;
	__asm__ volatile("" ::: "memory");
	for (u64 i = 0; i < n; i++)
		((volatile char *)buf)[i] = from[i];
}

/* recorded says whether a file may have a record. One that cannot carry it has
   none here: such records are in a file, and while there are any, VIEW_NO_ODD
   is set for those of symlinks and the like, VIEW_NO_STAT for others. The file is
   asked by its name in procfs: getxattrat(2) takes no O_PATH descriptor. */
static int recorded(long fd, u32 uid, u32 mode)
{
	static const char name[] = "user.rootlesscontainers";
	if ((mode & 0170000) != 0100000 && (mode & 0170000) != 0040000)
		return (V->flags & VIEW_NO_ODD) != 0;
	if (uid != V->uid)
		return 0;
	if (fd >= NUM_FD_NAMES)
		return 1;
	long r = gadget(__NR_getxattr, FD_NAMES + fd * FD_NAME_SIZE, (long)name, 0, 0, 0);
	return r != -ENODATA && r != -EOPNOTSUPP;
}

/* device says whether a descriptor may be one of a device that the guest made:
   the host has an empty file for it. */
static int device(long f)
{
	struct stat st;
	if (gadget(__NR_newfstatat, f, EMPTY, (long)&st, AT_EMPTY, 0) != 0)
		return 1;
	return (st.mode & 0170000) == 0100000 && st.size == 0 && recorded(f, st.uid, st.mode);
}

/* shown says whether a device number is that of a file system which the view
   shows: a descriptor may be one of the tracer's texts, or of a namespace. */
static int shown(u64 dev)
{
	u32 n = V->nabove, all = n + V->nroots;
	for (u32 i = n; i < all; i++)
		if (V->above[i].dev == dev)
			return 1;
	return 0;
}

/* Whose descriptor it is. */
enum { OWN, OURS };

static long showstat(struct slot *s, long f, int whose, u64 buf)
{
	struct stat *st = (struct stat *)s->next;
	long r = gadget(__NR_newfstatat, f, EMPTY, (long)st, AT_EMPTY, 0);
	if (r != 0 || whose == OWN && !shown(st->dev) || recorded(f, st->uid, st->mode) || V->flags & VIEW_NO_STAT)
		r = SLOW - WHY_OWNER;
	if (whose == OURS)
		closefd(f);
	if (r != 0)
		return r;
	if (st->uid == V->uid)
		st->uid = 0;
	if (st->gid == V->gid)
		st->gid = 0;
	give(s, buf, s->next, sizeof *st);
	return 0;
}

static long showstatx(struct slot *s, long f, int whose, u32 sync)
{
	struct statx *x = (struct statx *)s->next;
	long r = gadget(__NR_statx, f, EMPTY, sync | AT_EMPTY, s->r10, (long)x);
	if (r != 0 || (x->mask & STATX_OWNER) != STATX_OWNER || whose == OWN && !shown(makedev(x->major, x->minor)) ||
		recorded(f, x->uid, x->mode) || V->flags & VIEW_NO_STAT)
		r = SLOW - WHY_OWNER;
	if (whose == OURS)
		closefd(f);
	if (r != 0)
		return r;
	if (x->uid == V->uid)
		x->uid = 0;
	if (x->gid == V->gid)
		x->gid = 0;
	give(s, s->r8, s->next, sizeof *x);
	return 0;
}
