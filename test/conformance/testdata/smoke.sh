# Programs that have no suite that could be run here. What each prints is
# compared, less the numbers that differ between any two runs.
check() { echo "### $1"; shift; "$@" 2>&1; echo "exit $?"; }
cat > Smoke.java <<'EOF'
import java.io.*;
import java.net.*;
import java.nio.channels.*;
import java.nio.file.*;
import java.nio.file.attribute.*;

public class Smoke {
  public static void main(String[] a) throws Exception {
    Path d = Files.createDirectory(Paths.get("/work/nio")), f = Files.writeString(d.resolve("f"), "text");
    Files.createSymbolicLink(d.resolve("l"), Paths.get("f"));
    Files.createLink(d.resolve("h"), f);
    System.out.println(f.toRealPath() + " " + d.resolve("l").toRealPath() + " " + Files.getAttribute(f, "unix:nlink"));
    Files.setPosixFilePermissions(f, PosixFilePermissions.fromString("rw-r-----"));
    System.out.println(PosixFilePermissions.toString(Files.getPosixFilePermissions(f)) + " " + Files.getOwner(f));
    Files.move(f, d.resolve("g"));
    Files.copy(d.resolve("g"), d.resolve("c"), StandardCopyOption.COPY_ATTRIBUTES);
    try (var s = Files.walk(d)) { s.sorted().forEach(System.out::println); }
    for (String p : new String[]{"/work", "/proc", "/usr/local/go"}) {
      FileStore fs = Files.getFileStore(Paths.get(p));
      System.out.println(fs.type() + " " + fs.isReadOnly() + " " + fs.supportsFileAttributeView("posix"));
    }
    try (WatchService w = FileSystems.getDefault().newWatchService()) {
      d.register(w, StandardWatchEventKinds.ENTRY_CREATE);
      Files.createFile(d.resolve("new"));
      for (var e : w.take().pollEvents()) System.out.println(e.kind() + " " + e.context());
    }
    for (String p : new String[]{"/", "/proc", "/usr/local/go"}) {
      try { Files.createFile(Paths.get(p, "x")); } catch (Exception e) { System.out.println(e); }
    }
    System.out.println(System.getProperty("user.dir") + " " + new File("..").getCanonicalPath() + " " + System.getProperty("user.name"));
    Process p = new ProcessBuilder("sh", "-c", "pwd; exit 3").directory(d.toFile()).inheritIO().start();
    System.out.println(p.waitFor() + " " + ProcessHandle.current().info().command().orElse("?"));
    var at = UnixDomainSocketAddress.of("/work/nio/s");
    var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(at);
    var client = SocketChannel.open(at);
    System.out.println(server.accept().getLocalAddress() + " " + client.getRemoteAddress());
  }
}
EOF
check java-version java -version
check java-nio java Smoke.java
check systemd-detect-virt systemd-detect-virt --container
check df df --output=target / /work /tmp /proc
check findmnt sh -c 'findmnt -rno TARGET,FSTYPE /; findmnt -rno TARGET,FSTYPE /work; findmnt -rno TARGET /usr/local/go'
check mountpoint sh -c 'for d in / /work /tmp /proc /usr /usr/local/go; do mountpoint -q $d; echo $d $?; done'
check stat-mount stat -c %m /work /usr/local/go /usr /proc
check ps sh -c 'ps -o comm,args,user -p $$'
check pgrep sh -c 'exec 2>&-; sleep 77.7 & while ! pgrep -f "^sleep 77.7" >/dev/null; do :; done; pkill -f "^sleep 77.7"; wait $!; echo $?'
check lsof sh -c 'exec 9>/work/open; exec 8</usr/local/go/VERSION; lsof -a -p $$ -d 8,9,cwd,txt,rtd -Fftn | grep -v "^p"'
check descriptors sh -c 'exec 9>/work/open; readlink /proc/self/fd/9; ls /proc/$$/fd'
check ldd sh -c "ldd /bin/ls | sed 's/ (.*//'"
check pmap sh -c 'pmap -p $$ | grep -o "/[^ ]*$" | sort -u'
check file file /bin/sh /proc/self/exe /work/Smoke.java
check acl sh -c 'touch acl; setfacl -m u:1:r acl; getfacl -c acl; setfattr -n user.x -v y acl; getfattr -d acl'
check flock sh -c 'exec 9>/work/lock; flock -n 9; flock -n /work/lock true; echo $?'
check script sh -c 'script -qec "tty >/dev/null; echo in a terminal" /dev/null </dev/null'
check expect expect -c 'log_user 0; spawn cat; send "hello\r"; expect hello; puts seen'
check zip sh -c 'zip -qr z.zip acl Smoke.java && unzip -l z.zip | tail -1'
check namespaces sh -c '[ "$(readlink /proc/self/ns/mnt)" = "$(readlink /proc/$$/ns/mnt)" ] && lsns -no TYPE,COMMAND -p $$ | wc -l'
check prlimit prlimit --nofile=100:100 sh -c 'ulimit -n'
check strace strace -o /dev/null true
check gdb gdb -q -batch -ex 'set startup-with-shell off' -ex run /bin/true
check tmpfile python3 -c 'import tempfile; t = tempfile.TemporaryFile(dir="/work"); t.write(b"x"); print(t.tell())'
check sqlite python3 -c '
import sqlite3
c = sqlite3.connect("/work/db")
c.execute("pragma journal_mode=wal"); c.execute("create table t(x)"); c.execute("insert into t values(1)"); c.commit()
print(c.execute("select * from t").fetchall())'
check sendfd python3 -c '
import socket, os
a, b = socket.socketpair()
socket.send_fds(a, [b"x"], [os.open("/usr/local/go", os.O_RDONLY)])
os.fchdir(socket.recv_fds(b, 9, 1)[1][0])
print(os.getcwd(), os.path.exists("VERSION"), os.path.realpath(".."))'
