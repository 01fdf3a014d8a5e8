package difftest

// Below a directory that the guest has shut, from one that it is in or has open: the
// kernel walks from there, and never asks for what lies above.
var shutCases = []Case{
	{Name: "shut/a read-only mount remains so", Tree: "d /etc\nf /etc/d/f\nl /etc/l d\nl /etc/d/s f\n", Mounts: "bind /etc /etc ro", Script: `
		chdir "/etc"
		chmod "/" 0000
		open "d/f" O_WRONLY => EROFS
		open "l/f" O_WRONLY => EROFS
		open "l/s" O_WRONLY => EROFS
		open "l/f" O_RDWR => EROFS
		open "l/f" O_RDONLY|O_TRUNC => EROFS
		open "l/f" O_RDONLY => OK
		open "l/new" O_WRONLY|O_CREAT 0644 => EROFS
		open "l/new/" O_WRONLY|O_CREAT 0644 => EISDIR
		open "l/new" O_WRONLY => ENOENT
		open "l/new" O_WRONLY|O_CREAT|O_EXCL 0644 => EROFS
		open "l/." O_TMPFILE|O_RDWR 0644 => EROFS
		open "l" O_WRONLY => EISDIR
		access "l/f" W_OK => EROFS
		access "l/f" R_OK => OK
		chmod "l/f" 0600 => EROFS
	`},
}
