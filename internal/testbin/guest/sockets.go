package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

func init() {
	// unixserver PATH N answers N connections, each with what came and the
	// name it listens at.
	commands["unixserver"] = func(args []string) int {
		l, err := net.Listen("unix", args[0])
		if err != nil {
			return fail("%v", err)
		}
		defer l.Close()
		fmt.Println("listening", l.Addr())
		for range intArg(args, 1, 1) {
			c, err := l.Accept()
			if err != nil {
				return fail("%v", err)
			}
			b := make([]byte, 100)
			n, err := c.Read(b)
			if err != nil {
				return fail("%v", err)
			}
			fmt.Fprintf(c, "%s from %s", b[:n], c.LocalAddr())
			c.Close()
		}
		return 0
	}
	commands["unixclient"] = func(args []string) int {
		c, err := net.Dial("unix", args[0])
		if err != nil {
			return fail("%v", err)
		}
		defer c.Close()
		fmt.Fprint(c, "hello")
		b, err := io.ReadAll(c)
		if err != nil {
			return fail("%v", err)
		}
		fmt.Printf("%s; peer %s\n", b, c.RemoteAddr())
		return 0
	}
	// unixpair PATH is the server with three clients in other processes.
	commands["unixpair"] = func(args []string) int {
		l, err := net.Listen("unix", args[0])
		if err != nil {
			return fail("%v", err)
		}
		l.Close()
		os.Remove(args[0])
		return unixPair(args[0])
	}
}
