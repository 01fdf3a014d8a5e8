package spec

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const pageSize = 4096

// TmpfsLimit reads the value of size=, nr_blocks= or nr_inodes= as tmpfs does
// (shmem_parse_one in mm/shmem.c): a number, decimal, octal or hexadecimal, and
// a suffix; size= also takes a percentage of the memory. It returns bytes, or
// inodes; 0 is no limit.
func TmpfsLimit(key, value string) (uint64, error) {
	bad := func(why string) (uint64, error) { return 0, fmt.Errorf("%s=%s: %s", key, value, why) }
	num, unit := value, uint64(1)
	percent := false
	if value != "" {
		last := value[len(value)-1]
		if i := strings.IndexByte("kmgtpe", last|0x20); i >= 0 && !hexDigit(value, last) {
			num, unit = value[:len(value)-1], 1<<(10*(i+1))
		}
		if last == '%' && key == "size" {
			num, percent = value[:len(value)-1], true
		}
	}
	n, err := strconv.ParseUint(num, 0, 64)
	// Go's other notations are none of the kernel's.
	if low := strings.ToLower(num); err != nil || strings.ContainsAny(low, "_o") || strings.HasPrefix(low, "0b") {
		if key == "size" {
			return bad("not a number with one of the suffixes k, m, g, t, p, e or %")
		}
		return bad("not a number with one of the suffixes k, m, g, t, p, e")
	}
	if percent {
		var si unix.Sysinfo_t
		if err := unix.Sysinfo(&si); err != nil {
			return bad(err.Error())
		}
		hi, lo := bits.Mul64(n, si.Totalram*uint64(si.Unit))
		if hi >= 100 {
			return bad("too large")
		}
		n, _ = bits.Div64(hi, lo, 100)
	}
	hi, n := bits.Mul64(n, unit)
	if key == "nr_blocks" && hi == 0 {
		hi, n = bits.Mul64(n, pageSize)
	}
	if hi != 0 || n > math.MaxInt64 {
		return bad("too large")
	}
	if key != "nr_inodes" {
		n = (n + pageSize - 1) / pageSize * pageSize
	}
	return n, nil
}

// hexDigit says that the last letter of a hexadecimal number is one of its
// digits and no suffix.
func hexDigit(value string, last byte) bool {
	return strings.HasPrefix(strings.ToLower(value), "0x") && last|0x20 == 'e'
}
