package main

import (
	"encoding/binary"
	"runtime"

	"golang.org/x/sys/unix"
)

// sockaddr is a struct sockaddr_un for a path.
func sockaddr(path string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, unix.AF_UNIX)
	return append(append(b, path...), 0)
}

func socket(kind int) (int, error) { return unix.Socket(unix.AF_UNIX, kind, 0) }

// msghdr is a struct msghdr that sends one byte to an address.
func msghdr(addr, data, iov []byte) []byte {
	b := make([]byte, 56)
	copy(iov, iovec(address(data), len(data)))
	binary.LittleEndian.PutUint64(b, address(addr))
	binary.LittleEndian.PutUint32(b[8:], uint32(len(addr)))
	binary.LittleEndian.PutUint64(b[16:], address(iov))
	binary.LittleEndian.PutUint64(b[24:], 1)
	return b
}

// socketTechniques reach sockets of the host.
var socketTechniques = []technique{
	{"connect", func() error {
		fd, err := socket(unix.SOCK_STREAM)
		if err != nil {
			return err
		}
		a := sockaddr(cfg.Stream)
		return ok(call(unix.SYS_CONNECT, fd, a, len(a)))
	}},
	{"connect-dgram", func() error {
		fd, err := socket(unix.SOCK_DGRAM)
		if err != nil {
			return err
		}
		a := sockaddr(cfg.Dgram)
		return ok(call(unix.SYS_CONNECT, fd, a, len(a)))
	}},
	{"sendto", func() error {
		fd, err := socket(unix.SOCK_DGRAM)
		if err != nil {
			return err
		}
		a := sockaddr(cfg.Dgram)
		return ok(call(unix.SYS_SENDTO, fd, "x", 1, 0, a, len(a)))
	}},
	{"sendmsg", func() error { return send(unix.SYS_SENDMSG) }},
	{"sendmmsg", func() error { return send(unix.SYS_SENDMMSG) }},
	{"bind", func() error {
		fd, err := socket(unix.SOCK_STREAM)
		if err != nil {
			return err
		}
		a := sockaddr(outside("made"))
		return ok(call(unix.SYS_BIND, fd, a, len(a)))
	}},
	{"connect-by-descriptor", func() error {
		d, err := unix.Open(cfg.Outside, unix.O_PATH, 0)
		if err != nil {
			return err
		}
		fd, err := socket(unix.SOCK_STREAM)
		if err != nil {
			return err
		}
		a := sockaddr(fdName(d) + "/stream")
		return ok(call(unix.SYS_CONNECT, fd, a, len(a)))
	}},
	{"connect-leaked", func() error {
		fd, err := socket(unix.SOCK_STREAM)
		if err != nil {
			return err
		}
		a := sockaddr(fdName(cfg.Leaked) + "/stream")
		return ok(call(unix.SYS_CONNECT, fd, a, len(a)))
	}},
	{"connect-abstract", func() error {
		fd, err := socket(unix.SOCK_STREAM)
		if err != nil {
			return err
		}
		a := sockaddr("\x00" + cfg.Abstract)
		return ok(call(unix.SYS_CONNECT, fd, a, len(a)-1))
	}},
	{"sendto-abstract", func() error {
		fd, err := socket(unix.SOCK_DGRAM)
		if err != nil {
			return err
		}
		a := sockaddr("\x00" + cfg.Abstract + "-dgram")
		return ok(call(unix.SYS_SENDTO, fd, "x", 1, 0, a, len(a)-1))
	}},
}

func send(nr int) error {
	fd, err := socket(unix.SOCK_DGRAM)
	if err != nil {
		return err
	}
	addr, data, iov := sockaddr(cfg.Dgram), []byte("x"), make([]byte, 16)
	h := msghdr(addr, data, iov)
	if nr == unix.SYS_SENDMMSG {
		_, err = call(nr, fd, append(h, make([]byte, 8)...), 1, 0)
	} else {
		_, err = call(nr, fd, h, 0)
	}
	runtime.KeepAlive([][]byte{addr, data, iov})
	return err
}

// netTechniques reach the network; they are tried with --net=none.
var netTechniques = []technique{
	{"net-inet", func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		return unix.Connect(fd, &unix.SockaddrInet4{Port: cfg.Port, Addr: [4]byte{127, 0, 0, 1}})
	}},
	{"net-udp", func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if err != nil {
			return err
		}
		return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrInet4{Port: cfg.Port, Addr: [4]byte{127, 0, 0, 1}})
	}},
	{"net-listen", func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			return err
		}
		return unix.Listen(fd, 1)
	}},
	{"net-inet6", func() error { return ok(unix.Socket(unix.AF_INET6, unix.SOCK_STREAM, 0)) }},
	{"net-netlink", func() error { return ok(unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)) }},
	{"net-high-bits", func() error {
		return ok(call(unix.SYS_SOCKET, uint64(unix.AF_INET)|1<<40, unix.SOCK_STREAM, 0))
	}},
}
