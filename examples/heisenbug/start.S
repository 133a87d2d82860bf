# Start in M-mode, and the trap entry. The call-frame information lets a debugger unwind through an interrupt: DWARF register 4096 + 0x341 is mepc.

    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    .cfi_startproc
    .cfi_undefined ra
    csrr    t0, mhartid
    bnez    t0, park
    la      sp, stack_top
    la      t0, trap_entry
    csrw    mtvec, t0
    la      t0, bss_start
    la      t1, bss_end
1:  bgeu    t0, t1, 2f
    sd      zero, 0(t0)
    addi    t0, t0, 8
    j       1b
2:  call    main                    # a0: hart, a1: device tree
    call    power_off
park:
    wfi
    j       park
    .cfi_endproc
    .size _start, . - _start

# Saves what a C function may change, and calls trap(mcause).
    .text
    .balign 4
    .globl trap_entry
    .type trap_entry, @function
trap_entry:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_return_column 4096 + 0x341
    addi    sp, sp, -144
    .cfi_def_cfa_offset 144
    sd      ra, 0(sp)
    .cfi_offset ra, -144
    sd      t0, 8(sp)
    .cfi_offset t0, -136
    sd      t1, 16(sp)
    .cfi_offset t1, -128
    sd      t2, 24(sp)
    .cfi_offset t2, -120
    sd      t3, 32(sp)
    .cfi_offset t3, -112
    sd      t4, 40(sp)
    .cfi_offset t4, -104
    sd      t5, 48(sp)
    .cfi_offset t5, -96
    sd      t6, 56(sp)
    .cfi_offset t6, -88
    sd      a0, 64(sp)
    .cfi_offset a0, -80
    sd      a1, 72(sp)
    .cfi_offset a1, -72
    sd      a2, 80(sp)
    .cfi_offset a2, -64
    sd      a3, 88(sp)
    .cfi_offset a3, -56
    sd      a4, 96(sp)
    .cfi_offset a4, -48
    sd      a5, 104(sp)
    .cfi_offset a5, -40
    sd      a6, 112(sp)
    .cfi_offset a6, -32
    sd      a7, 120(sp)
    .cfi_offset a7, -24
    csrr    a0, mcause
    csrr    a1, mepc
    sd      a1, 128(sp)
    .cfi_offset a1, -16
    .cfi_offset 4096 + 0x341, -16
    call    trap
    ld      ra, 0(sp)
    ld      t0, 8(sp)
    ld      t1, 16(sp)
    ld      t2, 24(sp)
    ld      t3, 32(sp)
    ld      t4, 40(sp)
    ld      t5, 48(sp)
    ld      t6, 56(sp)
    ld      a0, 64(sp)
    ld      a1, 72(sp)
    ld      a2, 80(sp)
    ld      a3, 88(sp)
    ld      a4, 96(sp)
    ld      a5, 104(sp)
    ld      a6, 112(sp)
    ld      a7, 120(sp)
    addi    sp, sp, 144
    .cfi_def_cfa_offset 0
    mret
    .cfi_endproc
    .size trap_entry, . - trap_entry
