#!/bin/sh
# Runs a command under another Linux than this machine's, as root in a virtual
# machine without network:
#
#	test/vm/run.sh [-f FILE[:PATH]]... COMMAND [ARGUMENT]...
#
# The kernel is that of Debian bookworm (6.1, with IA32 emulation), from the
# mirror that apt-get uses, or what VM_KERNEL names: the root of an unpacked
# linux-image package. The root file system is ext4 and has busybox, the files
# of -f (at PATH, else where they lie here), users root and nobody, and nothing
# else. The exit status is the command's. VM_TIMEOUT (3600 seconds) ends it.
#
# It needs qemu-system-x86, busybox-static, cpio and e2fsprogs, and installs
# them by apt-get if it may. All is emulated, some ten times slower; VM_ACCEL=kvm
# is faster where it works, which in a virtual machine it may not.
set -eu

need() { # COMMAND PACKAGE
	command -v "$1" >/dev/null || apt-get install -y -q --no-install-recommends "$2" >&2
}
PATH=$PATH:/usr/sbin:/sbin
need qemu-system-x86_64 qemu-system-x86
need busybox busybox-static
need cpio cpio
need mke2fs e2fsprogs

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ptbox-vm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "${VM_KERNEL:-}" ]; then
	VM_KERNEL=$cache/kernel
	if [ ! -d "$VM_KERNEL" ]; then
		mkdir -p "$cache"
		package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
		(cd "$work" && apt-get download -q "$package" >&2 && dpkg-deb -x ./*.deb unpacked && rm ./*.deb)
		mv "$work/unpacked" "$VM_KERNEL"
	fi
fi
version=$(ls "$VM_KERNEL/lib/modules")

# What boots: busybox and the modules of the disk and of overlayfs.
boot=$work/boot
mkdir -p "$boot/bin" "$boot/dev" "$boot/proc" "$boot/root" "$boot/lib/modules/$version"
cp "$(command -v busybox)" "$boot/bin/busybox"
(cd "$VM_KERNEL/lib/modules/$version" && find kernel \( -path '*/fs/ext4/*' -o -path '*/fs/jbd2/*' -o -path '*/fs/mbcache.ko*' \
	-o -path '*/fs/overlayfs/*' -o -path '*/lib/crc*' -o -path '*/crypto/crc*' -o -path '*/drivers/virtio/virtio*' \
	-o -path '*/block/virtio_blk*' \) -name '*.ko*' | cpio -pdm --quiet "$boot/lib/modules/$version")
busybox depmod -b "$boot" "$version"
cat >"$boot/init" <<'END'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
for m in virtio_pci virtio_blk crc32c_generic ext4 overlay; do $b modprobe $m; done
$b mount -t ext4 -o noatime /dev/vda /root || $b poweroff -f
$b mount --move /dev /root/dev
$b umount /proc
exec $b switch_root /root /init
END
chmod +x "$boot/init"
(cd "$boot" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd"

# The root file system.
root=$work/root
for d in bin dev proc sys etc tmp root home/nobody run; do mkdir -p "$root/$d"; done
chmod 1777 "$root/tmp"
cp "$boot/bin/busybox" "$root/bin/"
for c in $(busybox --list); do [ -e "$root/bin/$c" ] || ln -s busybox "$root/bin/$c"; done
echo vm >"$root/etc/hostname"
echo '127.0.0.1 localhost vm' >"$root/etc/hosts"
printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/home/nobody:/bin/sh' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
while [ "${1:-}" = -f ]; do
	to=${2#*:}
	mkdir -p "$root$(dirname "$to")"
	cp -a "${2%%:*}" "$root$to"
	shift 2
done
quoted=
for a; do quoted="$quoted '$(printf %s "$a" | sed "s/'/'\\\\''/g")'"; done
cat >"$root/init" <<END
#!/bin/sh
export PATH=/bin HOME=/root TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
chown -R 65534:65534 /home/nobody
ip link set lo up
echo; echo 'vm: start'
setsid sh -c 'exec "\$@"' sh $quoted </dev/null
echo "vm: exit \$?"
poweroff -f
END
chmod +x "$root/init"
mke2fs -q -t ext4 -d "$root" "$work/disk" "${VM_DISK:-2G}" >/dev/null

timeout "${VM_TIMEOUT:-3600}" qemu-system-x86_64 -accel "${VM_ACCEL:-tcg}" -cpu max -smp "${VM_CPUS:-1}" -m 2048 -nographic -no-reboot -net none \
	-kernel "$VM_KERNEL"/boot/vmlinuz-* -initrd "$work/initrd" -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
	-append "console=ttyS0 quiet panic=-1 random.trust_cpu=on" </dev/null | tr -d '\r' |
	sed -u -n -e '/^vm: start$/,$p' | sed -u -e '/^vm: start$/d' | tee "$work/out" | sed -u -e '/^vm: exit [0-9]*$/,$d'
code=$(sed -n 's/^vm: exit \([0-9]*\)$/\1/p' "$work/out")
exit "${code:-125}"
