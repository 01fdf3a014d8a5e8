package difftest

// std is the tree that most cases start from.
const std = `
d /d
f /d/f
d /d/sub
f /d/sub/g
d /d/sub/empty
d /empty
f /f
f /g
l /ld d
l /lf f
l /lad /d
l /laf /d/f
l /ldf d/f
l /lslash d/
l /lfslash f/
l /ldot d/.
l /ldotdot d/..
l /lll ll
l /ll ld
l /dang missing
l /dangabs /d/created
l /dangslash newdir/
l /dangdeep nodir/x
l /loop loop
l /loop1 loop2
l /loop2 loop1
l /above ../../d
l /d/back ..
l /d/toroot /
l /d/sub/ff ../../f
l /d/sub/abs /d/f
p /fifo
d /nox 0600
f /nox/f
d /nor 0300
f /nor/f
d /now 0500
f /now/f
f /noread 0000
f /xonly 0111
root:d /rootd 0755
root:f /rootd/f 0644
root:d /rootd/private 0700
`

// src are the sources of binds.
const src = `
d @m
f @m/in
d @m/sub
f @m/sub/deep
l @m/rel sub/deep
l @m/abs /f
l @m/updown ../f
l @m/esc ../../../f
l @m/self .
d @m/point
f @n/other
l @n/top ..
f @file
l @link m
root:d @rootm 0755
root:f @rootm/f
`

// bound is a view with mounts of every kind.
const bound = `
bind @m /mnt
bind @n /mnt/point
bind @file /g
bind @m /d/sub ro
tmpfs /tmp
bind /d /dcopy
`

const boundTree = std + src + `
d /mnt
f /mnt/hidden
l /tomnt mnt
l /tomntin /mnt/in
l /tomntup mnt/..
l /topoint mnt/point/../in
l /togbind g
d /tmp
d /dcopy
`
