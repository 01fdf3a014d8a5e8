package fastpath

// Define is a constant that the C and assembly sources share with this
// package.
type Define struct {
	Name  string
	Value int64
}

// Defines are all of them.
func Defines() []Define {
	return []Define{
		{"TEXT", Text},
		{"TEXT_SIZE", TextSize},
		{"EMPTY", Empty},
		{"DOT", Dot},
		{"VIEW", View},
		{"HOW", How},
		{"HOW_READ", HowRead},
		{"HOW_WRITE", HowWrite},
		{"HOW_STRIDE", HowStride},
		{"PATH_OPENS", PathOpens},
		{"READ_OPENS", ReadOpens},
		{"WRITE_OPENS", WriteOpens},
		{"POOL", Pool},
		{"SLOT_SIZE", SlotSize},
		{"SLOTS", Slots},
		{"SLOT_RSP", SlotRSP},
		{"SLOT_SITE", SlotSite},
		{"SLOT_NR", SlotNr},
		{"SLOT_DI", SlotDI},
		{"SLOT_SI", SlotSI},
		{"SLOT_DX", SlotDX},
		{"SLOT_R10", SlotR10},
		{"SLOT_R8", SlotR8},
		{"SLOT_R9", SlotR9},
		{"SLOT_PHASE", SlotPhase},
		{"SLOT_DEFER", SlotDefer},
		{"SLOT_BX", SlotBX},
		{"SLOT_BP", SlotBP},
		{"SLOT_R12", SlotR12},
		{"SLOT_R13", SlotR13},
		{"SLOT_R14", SlotR14},
		{"SLOT_R15", SlotR15},
		{"SLOT_RESULT", SlotResult},
		{"SLOT_OFF", SlotOff},
		{"SLOT_PATH", SlotPath},
		{"PATH_SIZE", PathSize},
		{"SLOW", Slow},
		{"DEFER_NR", DeferNr},
		{"MOUNT_SLOW", MountSlow},
		{"MOUNT_RO", MountRO},
		{"MOUNT_NO_DEV", MountNoDev},
		{"MOUNT_NO_EXEC", MountNoExec},
		{"MOUNT_EXACT", MountExact},
		{"MOUNT_TWICE", MountTwice},
		{"VIEW_ANY_FD", ViewAnyFD},
		{"VIEW_NO_STAT", ViewNoStat},
		{"VIEW_NO_ACCESS", ViewNoAccess},
		{"VIEW_NO_CREATE", ViewNoCreate},
		{"MAX_ABOVE", MaxAbove},
		{"VIEW_NODES", ViewNodes},
		{"MAX_NODES", MaxNodes},
		{"NODE_SIZE", NodeSize},
		{"VIEW_NAMES", ViewNames},
		{"MAX_NAMES", MaxNames},
	}
}
