package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
)

// unixPair starts a server process and three clients.
func unixPair(path string) int {
	srv := exec.Command(executable(), "unixserver", path, "3")
	srv.Stdin, srv.Stderr = os.Stdin, os.Stderr // there may be no /dev/null
	out, err := srv.StdoutPipe()
	if err != nil {
		return fail("%v", err)
	}
	if err := srv.Start(); err != nil {
		return fail("%v", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fail("server: %v", err)
	}
	fmt.Print(line)
	for range 3 {
		c := exec.Command(executable(), "unixclient", path)
		c.Stdin, c.Stderr = os.Stdin, os.Stderr
		b, err := c.Output()
		if err != nil {
			return fail("client: %v", err)
		}
		fmt.Print(string(b))
	}
	if err := srv.Wait(); err != nil {
		return fail("server: %v", err)
	}
	return 0
}
