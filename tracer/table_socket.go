package tracer

// Calls that carry a socket address; a Unix socket's is a path.
var tableSocket = []Sysent{
	{
		Name: "socket", Nr: nrs{41, 359, 198}, Args: kinds{Int, Hex, Int},
		Class: ClassSocket, Support: Handled, When: IfNoNet | IfIdentity, Guard: GuardSocket,
	},
	{
		Name: "socketpair", Nr: nrs{53, 360, 199}, Args: kinds{Int, Hex, Int, Ptr},
		Class: ClassSocket, Support: Handled, When: IfNoNet, Guard: GuardUnix,
	},
	{Name: "listen", Nr: nrs{50, 363, 201}, Args: kinds{FD, Int}, Class: ClassSocket},
	{Name: "shutdown", Nr: nrs{48, 373, 210}, Args: kinds{FD, Int}, Class: ClassSocket},
	{Name: "bind", Nr: nrs{49, 361, 200}, Args: kinds{FD, Sockaddr, Size}, Class: ClassSocket, Support: Handled, Writes: true},
	{Name: "connect", Nr: nrs{42, 362, 203}, Args: kinds{FD, Sockaddr, Size}, Class: ClassSocket, Support: Handled},
	{
		Name: "sendto", Nr: nrs{44, 369, 206}, Args: kinds{FD, Ptr, Size, Hex, Sockaddr, Size},
		Class: ClassSocket, Support: Handled, Guard: GuardNull4,
	},
	{Name: "sendmsg", Nr: nrs{46, 370, 211}, Args: kinds{FD, Msghdr, Hex}, Class: ClassSocket, Support: Handled},
	{Name: "sendmmsg", Nr: nrs{307, 345, 269}, Args: kinds{FD, Mmsghdr, Int, Hex}, Class: ClassSocket, Support: Handled},
	{Name: "accept", Nr: nrs{43, no, 202}, Args: kinds{FD, SockOut, Ptr}, Class: ClassSocket, Support: Handled, Guard: GuardNull1},
	{Name: "accept4", Nr: nrs{288, 364, 242}, Args: kinds{FD, SockOut, Ptr, Hex}, Class: ClassSocket, Support: Handled, Guard: GuardNull1},
	{Name: "getsockname", Nr: nrs{51, 367, 204}, Args: kinds{FD, SockOut, Ptr}, Class: ClassSocket, Support: Handled},
	{Name: "getpeername", Nr: nrs{52, 368, 205}, Args: kinds{FD, SockOut, Ptr}, Class: ClassSocket, Support: Handled},
	{
		Name: "recvfrom", Nr: nrs{45, 371, 207}, Args: kinds{FD, Ptr, Size, Hex, SockOut, Ptr},
		Class: ClassSocket, Support: Handled, Guard: GuardNull4,
	},
	{Name: "recvmsg", Nr: nrs{47, 372, 212}, Args: kinds{FD, Msghdr, Hex}, Class: ClassSocket, Support: Handled},
	{Name: "recvmmsg", Nr: nrs{299, 337, 243}, Args: kinds{FD, Mmsghdr, Int, Hex, Ptr}, Class: ClassSocket, Support: Handled},
	{Name: "recvmmsg_time64", Nr: nrs{no, 417, no}, Args: kinds{FD, Mmsghdr, Int, Hex, Ptr}, Class: ClassSocket, Support: Handled},
	{
		Name: "socketcall", Nr: nrs{no, 102, no}, Args: kinds{Int, Ptr},
		Class: ClassSocket, Support: Handled,
		Note: "The i386 multiplexer: the arguments are in memory.",
	},
	{Name: "setsockopt", Nr: nrs{54, 366, 208}, Args: kinds{FD, Int, Int, Ptr, Size}, Class: ClassSocket},
	{
		Name: "getsockopt", Nr: nrs{55, 365, 209}, Args: kinds{FD, Int, Int, Ptr, Ptr},
		Class: ClassSocket, Support: Handled, When: IfIdentity, Guard: GuardSockopt,
	},
}
