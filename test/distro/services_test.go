package distro

import (
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ptbox/ptbox/internal/testutil"
)

// users are scripts that act as several users. They print nothing that depends
// on time or chance.
var users = []struct {
	name   string
	long   bool // needs packages of the long run
	script string
}{
	{"accounts", false, `
		set -e
		groupadd -g 4000 builders; useradd -m -u 4001 -s /bin/bash -G builders,games alice; useradd -r -M bob
		id alice; id bob | tr -d 0-9; stat -c '%n %A %U:%G' /home/alice /home/alice/.profile
		echo alice:secret | chpasswd; getent shadow alice | cut -d: -f2 | cut -c1-3; stat -c '%n %A %U:%G' /etc/shadow /etc/gshadow
		su - alice -c 'id; pwd; umask 027; echo mine > f; mkdir d; ln -s f l; stat -c "%n %A %U:%G" f d l; cat /etc/shadow' 2>&1 || true
		su alice -s /bin/sh -c 'touch /etc/x; chown root ~/f; chmod u+s /bin/true; rm /etc/hostname; kill -0 1' 2>&1 || true
		chage -M 90 alice; usermod -aG sudo alice; usermod -l carol alice; id carol; chown -R bob: /home/alice; find /home/alice -printf '%P %M %U\n' | wc -l
		userdel carol; groupdel builders; grep -c carol /etc/passwd || true; rm -rf /home/alice; userdel bob
	`},
	{"sudo", false, `
		set -e
		useradd -m dave; echo 'dave ALL=(games) NOPASSWD: ALL' > /etc/sudoers.d/dave; chmod 0440 /etc/sudoers.d/dave; visudo -c
		sudo -u games -g mail id; su dave -c 'sudo -n -u games id -un; sudo -n id -un || echo refused' 2>&1
		stat -c '%n %a %U:%G' "$(readlink -f /usr/bin/sudo)" /etc/sudoers.d/dave
		echo '# more' >> /etc/sudoers.d/dave; stat -c %a /etc/sudoers.d/dave; rm /etc/sudoers.d/dave
		# What sudo has forked to complain by mail is dave's for a moment.
		for i in $(seq 100); do userdel -r dave 2>/dev/null && break; sleep 0.1; done; id dave 2>&1 || true
	`},
	{"keys", false, `
		set -e
		mkdir -m 700 /tmp/k; ssh-keygen -q -t ed25519 -N '' -C c -f /tmp/k/id; stat -c '%n %a %U' /tmp/k/*; ssh-keygen -lf /tmp/k/id | cut -d' ' -f1,3,4
		eval "$(ssh-agent)" >/dev/null; ssh-add -q /tmp/k/id 2>&1; ssh-add -l | cut -d' ' -f1,3,4; stat -c %a "$(dirname "$SSH_AUTH_SOCK")"; ssh-agent -k >/dev/null
		chmod 644 /tmp/k/id; ssh-keygen -yf /tmp/k/id 2>&1 | grep -c 'UNPROTECTED'
		stat -c '%A %U:%G' /usr/bin/ssh-agent; getcap /usr/bin/ping 2>/dev/null || true
	`},
	{"dbus", false, `
		set -e
		mkdir -p /run/dbus; dbus-daemon --system --fork --print-pid > /tmp/pid; ls -l /run/dbus/system_bus_socket | cut -c1-10
		dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames | grep -c org.freedesktop.DBus
		# It has given up its rights by the time it answers.
		ps -o user= -p "$(cat /tmp/pid)" 2>/dev/null || stat -c %U "/proc/$(cat /tmp/pid)"
		su games -s /bin/sh -c 'dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetConnectionUnixUser string:org.freedesktop.DBus' | grep -c uint32
		kill "$(cat /tmp/pid)"
	`},
	{"sysusers", false, `
		set -e
		mkdir -p /usr/lib/sysusers.d; cd /usr/lib/sysusers.d
		printf 'g made 7770\nu maker 7780:made "The maker" /var/lib/maker\nu auto - "Auto"\nm auto made\nr - 500-900\n' > made.conf
		systemd-sysusers; systemd-sysusers made.conf; tail -n 2 /etc/passwd /etc/group; grep -c ^maker /etc/shadow
		stat -c '%n %a %U:%G' /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/.pwd.lock
		rm made.conf; userdel maker; userdel auto; groupdel made
	`},
	{"postgresql", true, `
		set -e
		bin=$(ls -d /usr/lib/postgresql/*/bin); mkdir /tmp/pg; chown postgres: /tmp/pg; cd /tmp/pg
		$bin/initdb -D /tmp/pg/root 2>&1 | head -1
		su postgres -c "$bin/initdb -D /tmp/pg/data -A peer > log; stat -c '%n %a %U:%G' data data/base data/PG_VERSION"
		su postgres -c "$bin/pg_ctl -D data -o '-k /tmp/pg -c listen_addresses=' -l server.log -w start" | tail -1
		su postgres -c "psql -h /tmp/pg -Atc 'create role games login; create table t (i int); insert into t select generate_series(1, 20000); select sum(i), current_user from t' postgres"
		psql -h /tmp/pg -U postgres -Atc 'select 1' postgres 2>&1 | grep -o 'Peer authentication failed.*'
		su games -s /bin/sh -c "psql -h /tmp/pg -Atc 'select current_user' postgres; psql -h /tmp/pg -U postgres -c 'select 1' postgres" 2>&1 | sed 's/.*FATAL/FATAL/'
		{ for i in 1 2 3 4; do su postgres -c "psql -h /tmp/pg -At -c 'insert into t select generate_series(1, 5000)' -c 'vacuum full t' -c 'select count(*) > 0 from t' postgres" & done; wait; } | sort
		su postgres -c "psql -h /tmp/pg -Atc 'select count(*), sum(i) from t' postgres; $bin/pg_ctl -D data -m fast -w stop" | grep -v waiting
		find data ! -user postgres -o ! -group postgres | wc -l
	`},
	{"nginx", true, `
		set -e
		mkdir /tmp/www; echo served > /tmp/www/f; echo private > /tmp/www/p; chmod 600 /tmp/www/p
		sed -i 's/^pid .*/pid \/tmp\/nginx.pid;/' /etc/nginx/nginx.conf
		rm -f /etc/nginx/sites-enabled/*; echo 'server { listen unix:/tmp/web; listen 127.0.0.1:PORT; root /tmp/www; access_log /tmp/access; }' > /etc/nginx/conf.d/x.conf
		nginx -t 2>&1 | tail -1; nginx
		python3 - <<'EOF'
import urllib.request
for p in "f", "p", "none":
    try: print(urllib.request.urlopen("http://127.0.0.1:PORT/" + p).read())
    except Exception as e: print(e)
EOF
		for p in $(cat /tmp/nginx.pid) $(cat /proc/$(cat /tmp/nginx.pid)/task/*/children); do awk '/^Uid/ { print ($2 > 0) }' /proc/$p/status; done | sort | uniq | wc -l
		stat -c '%n %U' /tmp/access; nginx -s stop 2>/dev/null; rm /etc/nginx/conf.d/x.conf
	`},
}

// Services and programs that change users behave as under real root.
func TestUsers(t *testing.T) {
	b := installedBuilds(t)
	for _, u := range users {
		t.Run(u.name, func(t *testing.T) {
			if u.long && !full() {
				testutil.Skip(t, testutil.NeedDistro, "make test-distro-full sets it")
			}
			port := freePorts(t)
			native := b.inReal("/bin/bash", "-c", strings.ReplaceAll(u.script, "PORT", port[0]))
			boxed := b.inFake("/bin/bash", "-c", strings.ReplaceAll(u.script, "PORT", port[1]))
			real, fake := together(t, native, boxed)
			if real != fake {
				t.Errorf("- real root, + ptbox:\n%s", cmp.Diff(strings.Split(real, "\n"), strings.Split(fake, "\n")))
			}
			t.Logf("%s", fake)
		})
	}
}

// freePorts are two ports that nobody listens on.
func freePorts(t *testing.T) (ports [2]string) {
	t.Helper()
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, ports[i], _ = net.SplitHostPort(l.Addr().String())
	}
	return ports
}
