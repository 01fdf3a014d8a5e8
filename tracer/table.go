package tracer

import "slices"

// Table is the system call table: every call of Linux 6.18 on the three ABIs.
// A number that is not in it is answered with ENOSYS, so a new kernel's calls
// are refused until somebody has thought about their arguments.
var Table = slices.Concat(
	tableFile, tableAttr, tableFD, tableExec, tableSocket, tableProcess,
	tableIdentity, tableMemory, tableMount, tableSystem,
	tableNative, tableNative32,
)

// maxNr is above every number of the table; the highest is 471.
const maxNr = 512

// byNr is filled once; a hot path must not hash.
var byNr = indexTable()

func indexTable() (index [numABI][maxNr]*Sysent) {
	for i := range Table {
		Table[i].index = int16(i)
		for abi, nr := range Table[i].Nr {
			if nr != NoNr {
				index[abi][nr] = &Table[i]
			}
		}
	}
	return index
}

// Lookup returns the row of a call number, or nil.
func Lookup(abi ABI, nr int) *Sysent {
	if uint(nr) >= maxNr || abi >= numABI {
		return nil
	}
	return byNr[abi][nr]
}

// ByName returns the first row with this name, or nil. (fanotify_mark has a
// second one for i386, where its arguments lie elsewhere.)
func ByName(name string) *Sysent {
	for i := range Table {
		if Table[i].Name == name {
			return &Table[i]
		}
	}
	return nil
}

// Shorthands that keep a row on a line.
type (
	nrs   = [numABI]int16 // x86_64, i386, arm64
	kinds = [6]ArgKind
)

const no = NoNr

// Flag bits that FollowRule and PathArg.Empty look at.
const (
	atSymlinkNoFollow = 0x100
	atSymlinkFollow   = 0x400
	atEmptyPath       = 0x1000
	inDontFollow      = 0x02000000
	fanMarkDontFollow = 0x4
)

func paths(p ...PathArg) []PathArg { return p }

// cwdPath is a path relative to the current directory, at one to a dirfd.
func cwdPath(arg int8, op PathOp, follow FollowRule) PathArg {
	return at(-1, arg, op, follow)
}

func at(dir, arg int8, op PathOp, follow FollowRule) PathArg {
	return PathArg{Arg: arg, Dir: dir, Op: op, Follow: follow, Flags: -1}
}

func (p PathArg) flags(arg int8, bit, empty uint32) PathArg {
	p.Flags, p.Bit, p.Empty = arg, bit, empty
	return p
}

func (p PathArg) null() PathArg {
	p.NullOK = true
	return p
}
