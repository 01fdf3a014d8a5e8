package probe

import (
	"os"
	"os/user"
	"strconv"
	"strings"
)

// idsResult says which ids the guest's are: without -0, -u and process.user those of
// the caller, who as root has all of them; with them ptbox's own.
func idsResult() Result {
	const name = "ids"
	const emulated = "-0, -u and process.user are emulated, owners are kept in user.rootlesscontainers"
	if os.Geteuid() == 0 {
		return good(name, "real for root, who may change them; %s (docs/identity.md)", emulated)
	}
	uid := strconv.Itoa(os.Geteuid())
	login := uid
	if u, err := user.LookupId(uid); err == nil {
		login = u.Username
	}
	more := ""
	if b, err := os.ReadFile("/etc/subuid"); err == nil {
		if n := subordinate(string(b), uid, login); n > 0 {
			more = "; " + strconv.FormatUint(n, 10) + " subordinate ids in /etc/subuid are not used: they need a user namespace"
		}
	}
	return good(name, "%s%s", emulated, more)
}

// subordinate counts the ids that subuid(5) gives to a user.
func subordinate(text string, names ...string) (n uint64) {
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 {
			continue
		}
		for _, name := range names {
			if f[0] == name {
				c, err := strconv.ParseUint(f[2], 10, 32)
				if err == nil {
					n += c
				}
				break
			}
		}
	}
	return n
}
