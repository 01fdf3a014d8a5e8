package fastpath

// Addresses in the guest. All of it lies in the range that the tracer's guards
// protect (below 0x100000). Text, View and the how table are part of the
// sealed window; Dirs, Pool and LowStubs are private memory of each process.
//
// mkblob.go hands these numbers to the compiler, so nothing is typed twice.
const (
	Text     = 0xc4000
	TextSize = 0x4000
	// Empty is an address in the sealed text that holds a zero byte.
	Empty = Text + TextSize - 16
	// Dot and DotDot are the addresses of "." and "..", in the sealed text as
	// well.
	Dot      = Text + TextSize - 8
	DotDot   = Text + TextSize - 24
	View     = 0xc8000
	ViewSize = 0x8000
	How      = 0xd0000
	// FDNames are the paths of the descriptors 0 to NumFDNames-1, for calls that
	// take no O_PATH descriptor.
	FDNames    = 0xd8000
	FDNameSize = 32
	NumFDNames = 256
	// Cwds is a table of directories whose guest paths the tracer knows: the
	// current ones, and those that files are opened in.
	Cwds    = FDNames + NumFDNames*FDNameSize
	CwdSize = 512
	NumCwds = 128
	// End is the end of what the window holds of us.
	End = Cwds + NumCwds*CwdSize
	// LowStubs takes the stubs of programs linked below 2 GiB.
	LowStubs  = 0xec000
	StubsSize = 0x2000
	// Counts is a page that all guests share and the tracer reads, if somebody
	// wants to see its counters. Guests can write to it: it tells people, and
	// decides nothing.
	Counts     = 0xee000
	CountsSize = 0x1000
	// Dirs are the guest paths by which the descriptors of directories were
	// opened here, by number modulo NumDirs; Pool is the slots' memory. Both are
	// one mapping of each process, readable and writable.
	Dirs        = 0xef000
	DirSize     = 256
	NumDirs     = 16
	DirsSize    = NumDirs * DirSize
	Pool        = Dirs + DirsSize
	SlotSize    = 0x1000
	Slots       = 16
	PoolSize    = Slots * SlotSize
	PrivateSize = DirsSize + PoolSize
)

// HowStride is the distance of two entries of the how table. It is a power of
// two, so that the seccomp program can check the alignment with a mask:
// between two entries, flags could be read as resolve bits.
const HowStride = 32

// The how table has sections, by what an open can do, and in each of
// them two blocks, by how the path is walked. Own opens are reads by the
// guest's own descriptors where only the first section is good for those in the
// long run: they are taken out of the table before a guest gets a directory of procfs.
// Own paths are what the first section has, for the guest's own descriptors where those are
// good for nothing in the long run (ViewNarrow).
const (
	PathOpens  = 64  // O_PATH, and O_DIRECTORY for reading
	ReadOpens  = 16  // O_RDONLY
	WriteOpens = 288 // for writing, and O_CREAT
	Variants   = 2

	HowOwnPath = How + PathOpens*Variants*HowStride
	HowOwn     = HowOwnPath + PathOpens*Variants*HowStride
	HowRead    = HowOwn + ReadOpens*Variants*HowStride
	HowWrite   = HowRead + ReadOpens*Variants*HowStride
	HowEnd     = HowWrite + WriteOpens*Variants*HowStride
	howEntries = (2*PathOpens+2*ReadOpens+WriteOpens)*Variants + UpOpens

	// HowUp is for the path DotDot and no other: opens for reading that may go
	// up, without and with O_DIRECTORY.
	UpOpens  = 32
	HowUp    = HowEnd
	HowUpEnd = HowUp + UpOpens*HowStride
)

// Variants of a walk: both stay beneath the descriptor; a literal one meets no
// symlink on its way.
const (
	Beneath = 0
	Literal = 1
)

// Offsets in a slot. The code's stack grows down from the slot's end.
const (
	SlotBusy   = 0
	SlotRSP    = 8
	SlotSite   = 16
	SlotNr     = 24
	SlotDI     = 32
	SlotSI     = 40
	SlotDX     = 48
	SlotR10    = 56
	SlotR8     = 64
	SlotR9     = 72
	SlotPhase  = 80 // calls made so far, 32 bits
	SlotDefer  = 84 // a signal waits for the end, 32 bits
	SlotBX     = 88
	SlotBP     = 96
	SlotR12    = 104
	SlotR13    = 112
	SlotR14    = 120
	SlotR15    = 128
	SlotResult = 136
	SlotOff    = 144 // in the last slot: not 0 if this process may not
	SlotPath   = 192
	PathSize   = 1024
)

// Slow is the result that stands for "make the plain call". It is neither a
// descriptor nor an errno.
const Slow = -0x7000

// Offsets of the counters: of calls answered, by number, and of calls that were
// left to a stop, by reason. All are 32 bits.
const (
	CountHits    = 0
	NumHits      = 512
	CountReasons = NumHits * 4
)

// Reasons why a call was left to a stop; they are subtracted from Slow.
const (
	WhyCall     = iota // a call, a flag or an address that the code does not know
	WhyFlags           // no entry of the how table
	WhyPath            // empty or too long
	WhyMount           // the mount is not for this code, or not for this call
	WhyAbove           // from a directory above a mount, or in procfs
	WhyFD              // descriptors are not to be used in this view, or not for this
	WhyLink            // a symlink or ".." among directories with mounts below
	WhyUp              // ".." of a mount's root, or one that could not be opened
	WhyConfined        // EXDEV: the path leaves the directory that it began in
	WhyLoop            // ELOOP: a magic link or too many symlinks
	WhyKernel          // another error that does not mean the same for the plain call
	WhyProgram         // execve of something that is there
	WhyCwd             // in a directory that the tracer has not named yet
	WhyOwner           // an owner or a mode that is recorded, or a permission that the guest's root has all the same
	NumWhys
)

// Whys names the reasons.
var Whys = [NumWhys]string{
	"call", "flags", "path", "mount", "above a mount", "descriptor", "link", "up", "leaves", "loop", "error", "program", "directory", "owner",
}

// DeferNr is the number of the call that the code makes to hand over to the
// tracer: one that always stops there.
const DeferNr = 437

// OpenNr is the number of the one call of the code that may block.
const OpenNr = 437

// Flags of a mount, and of the whole view, where they are the union of what
// some mount forbids.
const (
	MountSlow    = 1 << iota // not for this code
	MountRO                  // read-only
	MountNoDev               // devices must not be opened
	MountNoExec              // access(X_OK) says no
	MountExact               // asked for: the call tells a mount point from what lies below
	MountTwice               // what it shows is shown elsewhere too: the tracer must see which place a directory was opened by
	MountDiffers             // and what may be done there is something else: the same for files
	MountGuarded             // the guest may shut a directory above it, in the mount that it lies on
	ViewAnyFD                // the guest's own descriptors may be used
	ViewNoStat               // stat and its kin are emulated
	ViewNoAccess             // access is emulated
	ViewNoCreate             // new files need the tracer
	ViewUp                   // ".." may be opened, since Landlock or the view's root being the host's keeps it inside
	ViewChdir                // fchdir is native
	ViewStatfs               // fstatfs is native
	ViewXattr                // extended attributes are what the host says
	ViewCounts               // there is a page of counters
	ViewIDs                  // identities are emulated: who comes here is the guest's root
	ViewNamed                // no guest has a directory of procfs: whether a walk may meet a mount is told by the names in it
	ViewOwn                  // own opens are in the table
	ViewNoOdd                // stat and its kin are emulated for all but regular files and directories
	ViewNarrow               // any descriptor goes with own paths and own opens only
	MountLink                // a symlink of the root directory, by its descriptor
	ViewCwd                  // the kernel's own name of a directory is its name in the view
)

// Offsets in the view table, and its limits.
const (
	ViewFlags    = 0  // 32 bits
	ViewNumAbove = 4  // 32 bits
	ViewAnyEnd   = 8  // 32 bits: end of the how entries for any descriptor
	ViewFirstFD  = 12 // 32 bits: reserved descriptors from here on
	ViewNumRoots = 16 // 32 bits
	ViewUID      = 20 // 32 bits: the host's ids that are shown as 0
	ViewGID      = 24 // 32 bits
	ViewAsk      = 28 // 32 bits: a directory above a mount may be shut (PutAsk)
	ViewPoints   = 32 // the set of the mount points' own names: one bit each
	PointsSize   = 128
	ViewAbove    = ViewPoints + PointsSize // directories, and behind them the mounts' roots
	MaxAbove     = 116
	ViewNodes    = ViewAbove + MaxAbove*16 // 0x7e0
	MaxNodes     = 512
	NodeSize     = 32
	ViewNames    = ViewNodes + MaxNodes*NodeSize
	MaxNames     = ViewSize - ViewNames
)
