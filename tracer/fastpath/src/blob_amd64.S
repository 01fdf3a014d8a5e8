/* Entry, exit and the one trusted instruction. The constants come from
   layout.go by way of mkblob.go.

   A stub near the patched call jumps to entry with
     rax = the call's number, r11 = the address of its `syscall` instruction,
     arguments in their registers.
   rcx and r11 are free: a real `syscall` destroys them. The guest's stack is
   never touched. The labels tell the tracer what a thread that is met by a
   signal has done already; each comment says how it is taken out. */

    .globl entry, entry_tried, entry_tried2, entry_claimed, entry_switched
    .globl exit_start, exit_saved, exit_restored, exit_freed, exit_end, exit_deferred
    .globl gadget, gadget_check, gadget_sys, gadget_after

    .section .text.entry,"ax"
entry:                          /* nothing is claimed: back to the site */
    mov $(POOL + (SLOTS-1)*SLOT_SIZE), %ecx
    cmpl $0, SLOT_OFF(%rcx)     /* of the last slot: the tracer says no */
    jne 3f
1:  lock btsq $0, (%rcx)
entry_tried:                    /* claimed if the carry is clear */
    jnc entry_claimed
entry_tried2:                   /* nothing is claimed */
    sub $SLOT_SIZE, %ecx
    cmp $POOL, %ecx
    jae 1b
3:  mov %r11, %rcx
    jmp *%r11                   /* no slot is free: the plain call */
entry_claimed:                  /* rcx is the slot: free it, back to the site */
    mov %rsp, SLOT_RSP(%rcx)
    mov %r11, SLOT_SITE(%rcx)
    mov %rax, SLOT_NR(%rcx)
    mov %rdi, SLOT_DI(%rcx)
    mov %rsi, SLOT_SI(%rcx)
    mov %rdx, SLOT_DX(%rcx)
    mov %r10, SLOT_R10(%rcx)
    mov %r8,  SLOT_R8(%rcx)
    mov %r9,  SLOT_R9(%rcx)
    mov %rbx, SLOT_BX(%rcx)
    mov %rbp, SLOT_BP(%rcx)     /* from here on for the tracer only */
    mov %r12, SLOT_R12(%rcx)
    mov %r13, SLOT_R13(%rcx)
    mov %r14, SLOT_R14(%rcx)
    mov %r15, SLOT_R15(%rcx)
    movq $0, SLOT_PHASE(%rcx)   /* and SLOT_DEFER */
    lea SLOT_SIZE(%rcx), %rsp
entry_switched:                 /* rsp tells the slot */
    mov %rcx, %rbx
    mov %rcx, %rdi
    cld
    call handler
exit_start:                     /* rax is the result: the tracer finishes */
    mov %rax, SLOT_RESULT(%rbx)
exit_saved:                     /* the slot has it: the tracer finishes */
    cmpl $0, SLOT_DEFER(%rbx)
    jne 7f
    mov %rbx, %rcx
    mov SLOT_BX(%rcx), %rbx
    mov SLOT_DI(%rcx), %rdi
    mov SLOT_SI(%rcx), %rsi
    mov SLOT_DX(%rcx), %rdx
    mov SLOT_R10(%rcx), %r10
    mov SLOT_R8(%rcx), %r8
    mov SLOT_R9(%rcx), %r9
    mov SLOT_SITE(%rcx), %r11
    mov SLOT_RSP(%rcx), %rsp
exit_restored:                  /* the same, but rcx is the slot */
    cmp $SLOW, %rax
    jne 1f
    mov SLOT_NR(%rcx), %rax
    jmp 2f
1:  add $2, %r11
2:  movq $0, (%rcx)
exit_freed:                     /* only the way back, r11, is left */
    mov %r11, %rcx
    jmp *%r11
exit_end:
7:  mov $DEFER_NR, %eax
    syscall
exit_deferred:                  /* the tracer has taken the thread out */
    ud2

/* long gadget(nr, a, b, c, d, e): the only `syscall` that the seccomp program
   trusts. The slot is found from the stack pointer. The sixth argument, which
   getxattrat alone has, is the size of its struct xattr_args. */
gadget:
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov $16, %r9d
    mov %rsp, %r11
    and $-SLOT_SIZE, %r11
gadget_check:                   /* an open may block: not while a signal waits */
    cmp $OPENAT2_NR, %eax
    jne 1f
    cmpl $0, SLOT_DEFER(%r11)
    je 1f
    mov $-11, %rax              /* EAGAIN: the plain call, later */
    ret
1:  addl $1, SLOT_PHASE(%r11)
gadget_sys:
    syscall
gadget_after:
    ret

    .section .note.GNU-stack,"",@progbits
