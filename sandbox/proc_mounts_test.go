package sandbox

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
)

const hostTable = `22 27 0:21 / /proc rw,relatime shared:5 - proc proc rw
23 27 0:22 / /sys rw,nosuid,relatime master:1 shared:7 - sysfs sysfs rw
24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw,mode=755
26 24 0:24 / /dev/pts rw,relatime - devpts devpts rw,mode=600
29 26 0:26 / /dev/pts rw,relatime - devpts devpts rw,mode=600
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
31 23 0:28 / /sys/fs/cgroup ro,relatime - cgroup2 cgroup2 rw
40 27 0:40 / /var/lib/x\040y rw - overlay overlay rw,lowerdir=/secret/a:/b,upperdir=/u,workdir=/w,index=off
`

// table runs guestMounts over a view that is given as its mounts.
func table(ids *mountIDs, view ...guestMount) []hostMount {
	at := func(guest string) *fsview.Mount {
		var best *fsview.Mount
		for _, g := range view {
			t := g.m.Target
			if (t == "/" || guest == t || strings.HasPrefix(guest, t+"/")) && (best == nil || len(t) > len(best.Target)) {
				best = g.m
			}
		}
		return best
	}
	return guestMounts(parseMountinfo(hostTable), view, at, ids)
}

func mnt(target, source string, kind fsview.Kind, flags fsview.Flags, host int, dev string) guestMount {
	return guestMount{m: &fsview.Mount{Target: target, Source: source, Kind: kind, Flags: flags}, host: host, dev: dev, dir: true}
}

// TestMountsOfTheHost wants the identity view to have the host's table.
func TestMountsOfTheHost(t *testing.T) {
	ids := newMountIDs()
	got := mountinfoText(table(ids, mnt("/", "/", fsview.Bind, 0, 27, "254:0"), mnt("/proc", "/proc", fsview.Proc, 0, 22, "0:21")))
	const want = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
23 27 0:22 / /sys rw,nosuid,relatime - sysfs sysfs rw
24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw,mode=755
26 24 0:24 / /dev/pts rw,relatime - devpts devpts rw,mode=600
29 26 0:26 / /dev/pts rw,relatime - devpts devpts rw,mode=600
31 23 0:28 / /sys/fs/cgroup ro,relatime - cgroup2 cgroup2 rw
40 27 0:40 / /var/lib/x\040y rw - overlay overlay rw,index=off
22 27 0:21 / /proc rw,relatime - proc proc rw
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
	if !ids.exact {
		t.Error("the numbers are the host's, and not known to be")
	}
}

func TestMountsOfAView(t *testing.T) {
	ids := newMountIDs()
	file := mnt("/etc/hosts", "/etc/hosts", fsview.Bind, fsview.ReadOnly, 27, "254:0")
	file.dir = false
	tmp := mnt("/tmp", "/tmp/scratch/1", fsview.Tmpfs, fsview.NoExec|fsview.NoSuid, 27, "254:0")
	tmp.m.Mode = 0o700
	view := []guestMount{
		mnt("/", "/srv/root", fsview.Bind, 0, 27, "254:0"),
		mnt("/sys", "/sys", fsview.Sysfs, fsview.ReadOnly, 23, "0:22"),
		mnt("/dev", "/dev", fsview.Bind, fsview.NoExec, 24, "0:6"),
		mnt("/dev/pts", "/dev/pts", fsview.Devpts, 0, 29, "0:26"),
		mnt("/mnt", "/tmp/scratch/2", fsview.Synth, fsview.ReadOnly, 27, "254:0"),
		mnt("/mnt/a b", "/data", fsview.Bind, fsview.NoAtime, 27, "254:0"),
		file, tmp,
	}
	list := table(ids, view...)
	const want = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
23 27 0:22 / /sys ro,nosuid,relatime - sysfs sysfs rw
31 23 0:28 / /sys/fs/cgroup ro,relatime - cgroup2 cgroup2 rw
24 27 0:6 / /dev rw,noexec,relatime - devtmpfs devtmpfs rw,mode=755
29 24 0:26 / /dev/pts rw,relatime - devpts devpts rw,mode=600
1048576 27 254:0 / /mnt/a\040b rw,noatime - ext4 /dev/vda rw,discard
1048577 27 254:0 / /etc/hosts ro,relatime - ext4 /dev/vda rw,discard
1048578 27 254:0 / /tmp rw,nosuid,noexec,relatime - tmpfs tmpfs rw,mode=700
`
	if got := mountinfoText(list); got != want {
		t.Errorf("got\n%s", got)
	}
	if ids.exact {
		t.Error("two mounts are one on the host, and that is not known")
	}
	if got := ids.of(view[4].m, 27); got != 27 {
		t.Errorf("a synthesised directory is on mount %d, not on its parent's", got)
	}
	if got := mountinfoText(table(ids, view...)); got != want {
		t.Errorf("the second time it is\n%s", got)
	}
	const fstab = `/dev/vda / ext4 rw,relatime,discard 0 0
sysfs /sys sysfs ro,nosuid,relatime 0 0
cgroup2 /sys/fs/cgroup cgroup2 ro,relatime 0 0
devtmpfs /dev devtmpfs rw,noexec,relatime,mode=755 0 0
devpts /dev/pts devpts rw,relatime,mode=600 0 0
/dev/vda /mnt/a\040b ext4 rw,noatime,discard 0 0
/dev/vda /etc/hosts ext4 ro,relatime,discard 0 0
tmpfs /tmp tmpfs rw,nosuid,noexec,relatime,mode=700 0 0
`
	if got := mountsText(list); got != fstab {
		t.Errorf("got\n%s", got)
	}
	if got := mountstatsText(list[:2]); got != "device /dev/vda mounted on / with fstype ext4\ndevice sysfs mounted on /sys with fstype sysfs\n" {
		t.Errorf("got\n%s", got)
	}
}

// TestBackingWithoutNumbers is what happens before Linux 5.8.
func TestBackingWithoutNumbers(t *testing.T) {
	ids := newMountIDs()
	got := mountinfoText(table(ids, mnt("/", "/srv/root", fsview.Bind, 0, 0, "254:0"), mnt("/t", "/dev/pts", fsview.Devpts, 0, 0, "0:26")))
	const want = `1048576 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
1048577 1048576 0:26 / /t rw,relatime - devpts devpts rw,mode=600
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestGuestStatfs(t *testing.T) {
	got := guestStatfs(stRelAtime, fsview.ReadOnly|fsview.NoExec|fsview.NoAtime)
	if want := uint64(stValid | unix.ST_RDONLY | unix.ST_NOEXEC | unix.ST_NOATIME); got != want {
		t.Errorf("%#x, want %#x", got, want)
	}
}
