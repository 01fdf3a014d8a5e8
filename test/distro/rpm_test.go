package distro

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The packages of others are built and installed by rpm, which keeps its
// database in SQLite, changes root for scripts and writes by descriptors.
func TestRPM(t *testing.T) {
	b := installedBuilds(t)
	const with = "install -y --no-install-recommends rpm cpio"
	download(t, b, with)
	b.both(t, "/bin/sh", "-c", "apt-get -qq update && apt-get -qq "+with+" && apt-get clean")
	const script = `set -e
		rm -rf /mnt/rpm; mkdir -p /mnt/rpm; cd /mnt/rpm
		cat > p.spec <<'EOF'
Name: p
Version: 1
Release: 1
Summary: s
License: none
BuildArch: noarch
%define _source_payload w9.gzdio
%define _binary_payload w9.gzdio
%define _buildhost host
%define clamp_mtime_to_source_date_epoch 1
%define use_source_date_epoch_as_buildtime 1
%description
d
%pre
getent group packs >/dev/null || groupadd -g 4500 packs; getent passwd pack >/dev/null || useradd -u 4500 -M -g packs pack
%post
echo posted > /var/lib/p/posted; chown pack:packs /var/lib/p/posted
%postun
userdel pack; rm -f /var/lib/p/posted
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/var/lib/p %{buildroot}/etc
echo '#!/bin/sh' > %{buildroot}/usr/bin/p; echo setgid > %{buildroot}/usr/bin/q; ln -s p %{buildroot}/usr/bin/l; ln %{buildroot}/usr/bin/q %{buildroot}/usr/bin/q2; echo c > %{buildroot}/etc/p.conf
echo secret > %{buildroot}/var/lib/p/none
%files
%attr(4755,root,root) /usr/bin/p
%attr(2711,games,mail) /usr/bin/q
%attr(2711,games,mail) /usr/bin/q2
/usr/bin/l
%caps(cap_net_raw=ep) %attr(755,root,root) /etc/p.conf
%dir %attr(2770,pack,packs) /var/lib/p
%attr(0,man,tape) /var/lib/p/none
EOF
		rpmbuild -bb --define "_topdir $PWD/top" p.spec >log 2>&1 || { tail -20 log; exit 1; }
		r=$(ls top/RPMS/noarch/*.rpm); sha256sum $r; rpm -qplv $r; rpm -K --nosignature $r
		rpm --force-debian -i --nodeps $r; rpm -V --nodeps p && echo verified
		cd /; stat -c '%n %A %U:%G %t,%T' $(rpm -ql p); cat /var/lib/p/posted; stat -c '%n %U:%G' /var/lib/p/posted; getcap /etc/p.conf 2>/dev/null || /sbin/getcap /etc/p.conf || true
		chmod 755 /usr/bin/p; chown root /usr/bin/q; rpm -V --nodeps p || echo altered
		rpm --setperms p; rpm --setugids p; rpm -V --nodeps p || echo altered
		mkdir /mnt/rpm/other; rpm --root /mnt/rpm/other --initdb; rpm --root /mnt/rpm/other --force-debian -i --nodeps --noscripts /mnt/rpm/$r 2>&1; find /mnt/rpm/other -path '*/var/lib/rpm*' -prune -o -printf '%y %M %U:%G %P\n' | LC_ALL=C sort
		rm -rf /mnt/rpm/cpio; mkdir /mnt/rpm/cpio; cd /mnt/rpm/cpio; rpm2cpio /mnt/rpm/$r | cpio -idm --quiet 2>&1 || true; find . -printf '%y %M %U:%G %P\n' | LC_ALL=C sort
		rpm -e --nodeps p; rpm -q p || true; ls -d /usr/bin/q /var/lib/p 2>&1 || true`
	real, fake := b.both(t, "/bin/bash", "-c", script)
	if real != fake {
		t.Errorf("- real root, + ptbox:\n%s", cmp.Diff(strings.Split(real, "\n"), strings.Split(fake, "\n")))
	}
	t.Logf("%s", fake)
}
