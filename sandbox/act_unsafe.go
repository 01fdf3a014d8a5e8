package sandbox

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// onFD makes a system call of the tracer's own. A string is passed with its
// NUL, a slice by its first byte.
func onFD(nr int, args ...any) (int, unix.Errno) {
	var a [6]uintptr
	var keep [6]*byte
	for i, v := range args {
		switch v := v.(type) {
		case int:
			a[i] = uintptr(v)
		case uint64:
			a[i] = uintptr(v)
		case string:
			b := append([]byte(v), 0)
			keep[i] = &b[0]
		case []byte:
			keep[i] = unsafe.SliceData(v)
		}
		if keep[i] != nil {
			a[i] = uintptr(unsafe.Pointer(keep[i]))
		}
	}
	r, _, e := unix.Syscall6(uintptr(nr), a[0], a[1], a[2], a[3], a[4], a[5])
	runtime.KeepAlive(&keep)
	return int(r), e
}
