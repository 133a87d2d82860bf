# All harts start here in M-mode: each gets a stack of its own and goes to main(hart).

    .set STACK_BITS, 12

    .section .text.start, "ax"
    .globl _start
_start:
    csrr    a0, mhartid
    la      sp, stack_top
    slli    t0, a0, STACK_BITS
    sub     sp, sp, t0
    la      t0, on_trap
    csrw    mtvec, t0
    call    main
