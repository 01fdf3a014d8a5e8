/* Symlinks that are followed by hand, where the kernel must not follow them or a file is
   found by another name than it is opened by. Part of walk.h. */

/* splice makes the path that comes out where the link l, which is called name in
   path, gives way to what it holds; 0 if that does not fit. It closes l, if that is not
   a mount's. */
static char *splice(struct slot *s, char *path, const char *name, const char *tail, long l)
{
	char *to = path == s->path ? s->next : s->path;
	long i = name - path, max = PATH_SIZE - 1 - i;
	for (long k = 0; k < i; k++)
		to[k] = path[k];
	long n = max < 1 ? 0 : gadget(__NR_readlinkat, l, EMPTY, (long)(to + i), max, 0);
	if (l < V->firstfd)
		closefd(l);
	if (n <= 0 || n == max)
		return 0;
	if (to[i] == '/') {
		for (long k = 0; k < n; k++)
			to[k] = to[i + k];
		i = 0;
	}
	for (i += n; i < PATH_SIZE; i++)
		if (!(to[i] = *tail++))
			return to;
	return 0;
}

static long absolute(struct slot *s, char *path, u64 h, u32 deny);
struct stat { u64 dev, ino, nlink; u32 mode, uid, gid, pad; u64 rdev, size, rest[11]; };
_Static_assert(sizeof(struct stat) == 144 && __builtin_offsetof(struct stat, size) == 48, "stat");

static __attribute__((noinline)) int same(long f, const struct stat *want)
{
	struct stat st;
	return gadget(__NR_newfstatat, f, EMPTY, (long)&st, AT_EMPTY, 0) == 0 && st.ino == want->ino && st.dev == want->dev;
}

/* last is where the last name of a path begins. */
static char *last(char *path)
{
	char *name = path;
	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

/* hop makes the path that the link at the end of path leads to, or 0. */
static char *hop(struct slot *s, char *path)
{
	char *name = last(path);
	long l = *name ? absolute(s, path, PATH_NOFOLLOW, LITERAL) : -1;
	return l < 0 ? 0 : splice(s, path, name, word(name), l);
}

/* again opens the file or directory that g, an O_PATH descriptor, leads to, for
   reading, by a path that may be another's. The link at its end is followed
   by hand, and what comes out must be what g leads to: whether links may be
   followed here, the kernel has said when it opened g. */
static long again(struct slot *s, long g, char *path, u64 h, u32 deny, int *dir)
{
	struct stat want;
	if (gadget(__NR_newfstatat, g, EMPTY, (long)&want, AT_EMPTY, 0) != 0)
		return SLOW - WHY_LINK;
	*dir = (want.mode & 0170000) == 0040000;
	if (!*dir && (want.mode & 0170000) != 0100000)
		return SLOW - WHY_LINK;
	long f = absolute(s, path, h, deny | LITERAL);
	for (int n = 0; f == SLOW - WHY_LOOP && n < 4 && !nofollow(h); n++) {
		path = hop(s, path);
		if (!path)
			break;
		f = absolute(s, path, h, deny | LITERAL);
	}
	if (f >= 0 && !same(f, &want)) {
		closefd(f);
		f = SLOW - WHY_LINK;
	}
	return f >= 0 || f == -EINTR ? f : SLOW - WHY_LINK;
}

/* resolved opens rest, in which there is a symlink, by a descriptor that is good
   for names only; path is all of it. */
static long resolved(struct slot *s, long fd, const char *rest, char *path, u64 h, u32 deny)
{
	int dir;
	if (h < HOW_READ || h >= HOW_WRITE || nofollow(h))
		return SLOW - WHY_LINK;
	u64 p = owned(PATH);
	long g = p ? beneath(fd, rest, p) : SLOW - WHY_FD;
	if (g < 0)
		return g;
	return instead(again(s, g, path, h, deny, &dir), g, h, deny);
}

/* sticky says whether a symlink called name in path lies where not everybody
   may follow it (proc_sys_fs(5), protected_symlinks). */
static __attribute__((noinline)) int sticky(struct slot *s, char *path, char *name)
{
	struct stat st;
	char was = *name;
	*name = 0;
	long f = absolute(s, path, PATH_DIR, LITERAL);
	*name = was;
	if (f < 0)
		return 1;
	int bad = gadget(__NR_newfstatat, f, EMPTY, (long)&st, AT_EMPTY, 0) != 0 || (st.mode & 01002) == 01002;
	closefd(f);
	return bad;
}

/* byhand follows the symlink at the end of a path, where it leads out of the
   directory below which the kernel could have followed it: /etc/localtime. */
static long byhand(struct slot *s, char *path, u64 h, u32 deny)
{
	long f = SLOW - WHY_LOOP;
	for (int n = 0; f == SLOW - WHY_LOOP && n < 4; n++) {
		/* Beneath a mount's root, ".." would lead to what lies under others. */
		if (dotdot(path) || sticky(s, path, last(path)))
			break;
		path = hop(s, path);
		if (!path || dotdot(path))
			break;
		f = absolute(s, path, h, deny | LITERAL);
	}
	return f == SLOW - WHY_LOOP ? SLOW - WHY_CONFINED : f;
}

/* confined is r, the result of an open of path, or what byhand makes of it. */
static long confined(struct slot *s, long r, char *path, u64 h, u32 deny)
{
	return r == SLOW - WHY_CONFINED && h < HOW_WRITE && !nofollow(h) ? byhand(s, path, h, deny) : r;
}
