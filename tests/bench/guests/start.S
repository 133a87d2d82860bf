# Start-up of a benchmark guest: M-mode, hart 0, memory fresh from the loader (so .bss is zero already).
    .section .text.start, "ax"
    .globl _start
_start:
    la      sp, stack_top
    la      t0, unexpected_trap
    csrw    mtvec, t0
    li      t0, 3 << 13             # mstatus.FS = dirty: floating point on
    csrs    mstatus, t0
    li      t0, -1                  # PMP entry 0: everything, for the guests that leave M-mode
    csrw    pmpaddr0, t0
    li      t0, 0x1f                # NAPOT, R, W, X
    csrw    pmpcfg0, t0
    li      t0, 7                   # cycle, time and instret for S and U
    csrw    mcounteren, t0
    j       bench_main

    .balign 4
unexpected_trap:
    li      t0, 0x100000            # test finisher: fail with code 99
    li      t1, (99 << 16) | 0x3333
    sw      t1, 0(t0)
    j       unexpected_trap

    .section .bss.stack, "aw", @nobits
    .balign 16
    .skip   65536
stack_top:
