package rootless

import (
	"encoding/binary"
	"errors"
)

// Xattr is the name of the attribute.
const Xattr = "user.rootlesscontainers"

// NoOp as an id means: whatever the host says.
const NoOp = ^uint32(0)

// Resource is what the attribute holds. The zero value, which is also what a
// file without the attribute has, is a file of the container's root.
type Resource struct {
	UID, GID uint32
	// Mode is the whole st_mode that the container sees while the host's is
	// HostMode; HostMode 0 means that there is none.
	Mode, HostMode uint32
	// Rdev is the device number, as stat(2) gives it, of a device in Mode.
	Rdev uint64
}

// Field numbers. Those from 1000 on are ours; a gap leaves room for the
// format to grow.
const (
	fieldUID      = 1
	fieldGID      = 2
	fieldMode     = 1000
	fieldHostMode = 1001
	fieldRdev     = 1002
)

// Marshal encodes r; the zero Resource gives an empty slice.
func (r Resource) Marshal() []byte {
	var b []byte
	put := func(field, v uint64) {
		if v != 0 {
			b = binary.AppendUvarint(b, field<<3)
			b = binary.AppendUvarint(b, v)
		}
	}
	put(fieldUID, uint64(r.UID))
	put(fieldGID, uint64(r.GID))
	put(fieldMode, uint64(r.Mode))
	put(fieldHostMode, uint64(r.HostMode))
	put(fieldRdev, r.Rdev)
	return b
}

var errFormat = errors.New("rootless: malformed attribute")

// Unmarshal decodes b. Unknown fields are skipped, and of a repeated one the
// last counts, as protobuf has it.
func Unmarshal(b []byte) (r Resource, err error) {
	varint := func() (v uint64) {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			err, b = errFormat, nil
			return 0
		}
		b = b[n:]
		return v
	}
	skip := func(n uint64) {
		if n > uint64(len(b)) {
			err, b = errFormat, nil
			return
		}
		b = b[n:]
	}
	for len(b) > 0 && err == nil {
		key := varint()
		switch key & 7 {
		case 0:
			v := varint()
			switch key >> 3 {
			case fieldUID:
				r.UID = uint32(v)
			case fieldGID:
				r.GID = uint32(v)
			case fieldMode:
				r.Mode = uint32(v)
			case fieldHostMode:
				r.HostMode = uint32(v)
			case fieldRdev:
				r.Rdev = v
			}
		case 1:
			skip(8)
		case 2:
			skip(varint())
		case 5:
			skip(4)
		default:
			err = errFormat
		}
	}
	if err != nil {
		return Resource{}, err
	}
	return r, nil
}
