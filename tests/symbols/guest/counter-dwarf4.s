	.file	"counter.c"
	.option nopic
	.attribute arch, "rv64i2p1_m2p0_a2p1_c2p0"
	.attribute unaligned_access, 0
	.attribute stack_align, 16
	.text
.Ltext0:
	.cfi_sections	.debug_frame
	.file 1 "/guest/counter.c"
	.align	1
	.globl	count
	.type	count, @function
count:
.LFB2:
	.file 2 "/guest/counter.c"
	.loc 2 37 1
	.cfi_startproc
.LVL0:
	.loc 2 38 2
	.loc 2 38 10 is_stmt 0
	lla	a4,counter
	lw	a5,0(a4)
	addw	a5,a5,a0
	sw	a5,0(a4)
	.loc 2 39 2 is_stmt 1
	.loc 2 39 7 is_stmt 0
	lb	a4,level
	addiw	a4,a4,-1
	sb	a4,level,a3
	.loc 2 40 2 is_stmt 1
.LVL1:
.LBB7:
.LBB8:
	.file 3 "/guest/counter.h"
	.loc 3 4 2
	.loc 3 4 9 is_stmt 0
	slliw	a0,a0,3
.LVL2:
	.loc 3 4 4
	xor	a0,a0,a5
.LVL3:
	.loc 3 5 2 is_stmt 1
	.loc 3 5 16 is_stmt 0
	srliw	a5,a0,5
.LBE8:
.LBE7:
	.loc 2 41 1
	addw	a0,a5,a0
	ret
	.cfi_endproc
.LFE2:
	.size	count, .-count
	.align	1
	.globl	_start
	.type	_start, @function
_start:
.LFB3:
	.loc 2 44 1 is_stmt 1
	.cfi_startproc
	addi	sp,sp,-80
	.cfi_def_cfa_offset 80
	sd	ra,72(sp)
	sd	s0,64(sp)
	sd	s1,56(sp)
	sd	s2,48(sp)
	sd	s3,40(sp)
	sd	s4,32(sp)
	sd	s5,24(sp)
	sd	s6,16(sp)
	sd	s7,8(sp)
	.cfi_offset 1, -8
	.cfi_offset 8, -16
	.cfi_offset 9, -24
	.cfi_offset 18, -32
	.cfi_offset 19, -40
	.cfi_offset 20, -48
	.cfi_offset 21, -56
	.cfi_offset 22, -64
	.cfi_offset 23, -72
	.loc 2 45 2
.LBB14:
	.loc 2 45 7
.LVL4:
	.loc 2 45 25
	.loc 2 45 16 is_stmt 0
	li	s0,0
	.loc 2 46 9
	lla	s1,total
	.loc 2 47 24
	lla	s6,head
.LBB15:
.LBB16:
	.loc 2 29 6
	li	s7,0
.LBE16:
.LBE15:
	.loc 2 47 49
	lla	s5,limits
	.loc 2 47 22
	lla	s4,.LANCHOR0
	.loc 2 47 17
	li	s3,3
	.loc 2 45 25
	li	s2,10
	j	.L5
.LVL5:
.L7:
.LBB19:
.LBB17:
	.loc 2 29 6
	mv	a4,s7
.LVL6:
.L3:
	.loc 2 33 2 is_stmt 1
.LBE17:
.LBE19:
.LBB20:
.LBB21:
	.loc 3 4 2
.LBE21:
.LBE20:
	.loc 2 47 49 is_stmt 0
	andi	a5,s0,3
	slli	a5,a5,1
	add	a5,s5,a5
	.loc 2 47 36
	lhu	a3,0(a5)
.LBB24:
.LBB22:
	.loc 3 4 9
	slliw	a3,a3,3
	.loc 3 4 4
	xor	a3,s0,a3
.LVL7:
	.loc 3 5 2 is_stmt 1
.LBE22:
.LBE24:
	.loc 2 47 17 is_stmt 0
	remuw	a2,s0,s3
	.loc 2 47 22
	slli	a2,a2,32
	srli	a2,a2,32
	andi	a1,s0,1
	slli	a5,a1,1
	add	a5,a5,a1
	add	a5,a5,a2
	slli	a5,a5,2
	add	a5,s4,a5
.LBB25:
.LBB23:
	.loc 3 5 16
	srliw	a2,a3,5
	.loc 3 5 11
	addw	a3,a2,a3
.LBE23:
.LBE25:
	.loc 2 47 34
	addw	a4,a3,a4
	.loc 2 47 22
	sw	a4,0(a5)
	.loc 2 45 32 is_stmt 1
	addiw	s0,s0,1
.LVL8:
	.loc 2 45 25
	beq	s0,s2,.L6
.LVL9:
.L5:
	.loc 2 46 3 discriminator 3
	.loc 2 46 12 is_stmt 0 discriminator 3
	mv	a0,s0
	call	count
.LVL10:
	slli	a0,a0,32
	srli	a0,a0,32
	.loc 2 46 9 discriminator 3
	ld	a5,0(s1)
	add	a5,a5,a0
	sd	a5,0(s1)
	.loc 2 47 3 is_stmt 1 discriminator 3
	.loc 2 47 24 is_stmt 0 discriminator 3
	ld	a5,0(s6)
.LVL11:
.LBB26:
.LBB18:
	.loc 2 29 2 is_stmt 1 discriminator 3
	.loc 2 31 2 discriminator 3
	.loc 2 31 9 discriminator 3
	beq	a5,zero,.L7
	.loc 2 29 6 is_stmt 0
	mv	a4,s7
.LVL12:
.L4:
	.loc 2 32 3 is_stmt 1
	.loc 2 32 10 is_stmt 0
	lw	a3,8(a5)
	addw	a4,a3,a4
.LVL13:
	.loc 2 31 20 is_stmt 1
	ld	a5,0(a5)
.LVL14:
	.loc 2 31 9
	bne	a5,zero,.L4
	j	.L3
.LVL15:
.L6:
.LBE18:
.LBE26:
.LBE14:
	.loc 2 49 2 discriminator 1
	.loc 2 49 2 discriminator 1
	j	.L6
	.cfi_endproc
.LFE3:
	.size	_start, .-_start
	.globl	ratio
	.globl	total
	.globl	head
	.globl	first
	.globl	message
	.section	.rodata.str1.8,"aMS",@progbits,1
	.align	3
.LC0:
	.string	"hello"
	.globl	ready
	.globl	state
	.globl	grid
	.globl	limits
	.globl	counter
	.data
	.align	3
	.type	first, @object
	.size	first, 16
first:
	.dword	0
	.word	40
	.zero	4
	.bss
	.align	3
	.set	.LANCHOR0,. + 0
	.type	grid, @object
	.size	grid, 24
grid:
	.zero	24
	.section	.sdata,"aw"
	.align	3
	.type	ratio, @object
	.size	ratio, 4
ratio:
	.word	1056964608
	.zero	4
	.type	total, @object
	.size	total, 8
total:
	.dword	-5
	.type	head, @object
	.size	head, 8
head:
	.dword	first
	.type	message, @object
	.size	message, 8
message:
	.dword	.LC0
	.type	ready, @object
	.size	ready, 1
ready:
	.byte	1
	.zero	3
	.type	state, @object
	.size	state, 4
state:
	.word	7
	.type	limits, @object
	.size	limits, 8
limits:
	.half	1
	.half	2
	.half	3
	.half	4
	.type	level, @object
	.size	level, 1
level:
	.byte	-2
	.zero	3
	.type	counter, @object
	.size	counter, 4
counter:
	.word	3
	.text
.Letext0:
	.section	.debug_info,"",@progbits
.Ldebug_info0:
	.4byte	0x354
	.2byte	0x4
	.4byte	.Ldebug_abbrev0
	.byte	0x8
	.byte	0x1
	.4byte	.LASF24
	.byte	0xc
	.4byte	.LASF25
	.4byte	.LASF26
	.8byte	.Ltext0
	.8byte	.Letext0-.Ltext0
	.4byte	.Ldebug_line0
	.byte	0x2
	.string	"u16"
	.byte	0x2
	.byte	0x7
	.byte	0x18
	.4byte	0x39
	.byte	0x3
	.byte	0x2
	.byte	0x7
	.4byte	.LASF2
	.byte	0x4
	.4byte	.LASF11
	.byte	0x7
	.byte	0x4
	.4byte	0x5f
	.byte	0x2
	.byte	0x8
	.byte	0x6
	.4byte	0x5f
	.byte	0x5
	.4byte	.LASF0
	.byte	0
	.byte	0x5
	.4byte	.LASF1
	.byte	0x7
	.byte	0
	.byte	0x3
	.byte	0x4
	.byte	0x7
	.4byte	.LASF3
	.byte	0x6
	.4byte	.LASF23
	.byte	0x10
	.byte	0x2
	.byte	0x9
	.byte	0x8
	.4byte	0x8e
	.byte	0x7
	.4byte	.LASF4
	.byte	0x2
	.byte	0xa
	.byte	0xf
	.4byte	0x93
	.byte	0
	.byte	0x7
	.4byte	.LASF5
	.byte	0x2
	.byte	0xb
	.byte	0x6
	.4byte	0x99
	.byte	0x8
	.byte	0
	.byte	0x8
	.4byte	0x66
	.byte	0x9
	.byte	0x8
	.4byte	0x66
	.byte	0xa
	.byte	0x4
	.byte	0x5
	.string	"int"
	.byte	0xb
	.4byte	.LASF8
	.byte	0x2
	.byte	0xe
	.byte	0xa
	.4byte	0x5f
	.byte	0x9
	.byte	0x3
	.8byte	counter
	.byte	0xc
	.4byte	.LASF22
	.byte	0x2
	.byte	0xf
	.byte	0x1d
	.4byte	0xd3
	.byte	0x9
	.byte	0x3
	.8byte	level
	.byte	0x3
	.byte	0x1
	.byte	0x6
	.4byte	.LASF6
	.byte	0xd
	.4byte	0xcc
	.byte	0xe
	.4byte	0x2d
	.4byte	0xe8
	.byte	0xf
	.4byte	0xe8
	.byte	0x3
	.byte	0
	.byte	0x3
	.byte	0x8
	.byte	0x7
	.4byte	.LASF7
	.byte	0xb
	.4byte	.LASF9
	.byte	0x2
	.byte	0x10
	.byte	0x5
	.4byte	0xd8
	.byte	0x9
	.byte	0x3
	.8byte	limits
	.byte	0xe
	.4byte	0x99
	.4byte	0x11b
	.byte	0xf
	.4byte	0xe8
	.byte	0x1
	.byte	0xf
	.4byte	0xe8
	.byte	0x2
	.byte	0
	.byte	0xb
	.4byte	.LASF10
	.byte	0x2
	.byte	0x11
	.byte	0x5
	.4byte	0x105
	.byte	0x9
	.byte	0x3
	.8byte	grid
	.byte	0xb
	.4byte	.LASF11
	.byte	0x2
	.byte	0x12
	.byte	0xc
	.4byte	0x40
	.byte	0x9
	.byte	0x3
	.8byte	state
	.byte	0xb
	.4byte	.LASF12
	.byte	0x2
	.byte	0x13
	.byte	0x7
	.4byte	0x15d
	.byte	0x9
	.byte	0x3
	.8byte	ready
	.byte	0x3
	.byte	0x1
	.byte	0x2
	.4byte	.LASF13
	.byte	0xb
	.4byte	.LASF14
	.byte	0x2
	.byte	0x14
	.byte	0xd
	.4byte	0x17a
	.byte	0x9
	.byte	0x3
	.8byte	message
	.byte	0x9
	.byte	0x8
	.4byte	0x187
	.byte	0x3
	.byte	0x1
	.byte	0x8
	.4byte	.LASF15
	.byte	0x8
	.4byte	0x180
	.byte	0xb
	.4byte	.LASF16
	.byte	0x2
	.byte	0x15
	.byte	0xd
	.4byte	0x66
	.byte	0x9
	.byte	0x3
	.8byte	first
	.byte	0xb
	.4byte	.LASF17
	.byte	0x2
	.byte	0x16
	.byte	0xe
	.4byte	0x93
	.byte	0x9
	.byte	0x3
	.8byte	head
	.byte	0x10
	.4byte	.LASF18
	.byte	0x2
	.byte	0x17
	.byte	0xd
	.4byte	0x1c4
	.byte	0x3
	.byte	0x8
	.byte	0x5
	.4byte	.LASF19
	.byte	0x11
	.4byte	0x1b8
	.byte	0x18
	.byte	0x6
	.byte	0x9
	.byte	0x3
	.8byte	total
	.byte	0xb
	.4byte	.LASF20
	.byte	0x2
	.byte	0x19
	.byte	0x7
	.4byte	0x1f2
	.byte	0x9
	.byte	0x3
	.8byte	ratio
	.byte	0x3
	.byte	0x4
	.byte	0x4
	.4byte	.LASF21
	.byte	0x12
	.4byte	.LASF27
	.byte	0x2
	.byte	0x2b
	.byte	0x6
	.8byte	.LFB3
	.8byte	.LFE3-.LFB3
	.byte	0x1
	.byte	0x9c
	.4byte	0x2a8
	.byte	0x13
	.8byte	.LBB14
	.8byte	.LBE14-.LBB14
	.byte	0x14
	.string	"i"
	.byte	0x2
	.byte	0x2d
	.byte	0x10
	.4byte	0x5f
	.4byte	.LLST3
	.byte	0x15
	.4byte	0x305
	.8byte	.LBB15
	.4byte	.Ldebug_ranges0+0
	.byte	0x2
	.byte	0x2f
	.byte	0x18
	.4byte	0x267
	.byte	0x16
	.4byte	0x316
	.4byte	.LLST4
	.byte	0x17
	.4byte	.Ldebug_ranges0+0
	.byte	0x18
	.4byte	0x322
	.4byte	.LLST5
	.byte	0
	.byte	0
	.byte	0x15
	.4byte	0x335
	.8byte	.LBB20
	.4byte	.Ldebug_ranges0+0x40
	.byte	0x2
	.byte	0x2f
	.byte	0x24
	.4byte	0x292
	.byte	0x16
	.4byte	0x34c
	.4byte	.LLST6
	.byte	0x16
	.4byte	0x342
	.4byte	.LLST7
	.byte	0
	.byte	0x19
	.8byte	.LVL10
	.4byte	0x2a8
	.byte	0x1a
	.byte	0x1
	.byte	0x5a
	.byte	0x2
	.byte	0x78
	.byte	0
	.byte	0
	.byte	0
	.byte	0
	.byte	0x1b
	.4byte	.LASF28
	.byte	0x2
	.byte	0x24
	.byte	0x24
	.4byte	0x5f
	.8byte	.LFB2
	.8byte	.LFE2-.LFB2
	.byte	0x1
	.byte	0x9c
	.4byte	0x305
	.byte	0x1c
	.string	"by"
	.byte	0x2
	.byte	0x24
	.byte	0x33
	.4byte	0x5f
	.4byte	.LLST0
	.byte	0x1d
	.4byte	0x335
	.8byte	.LBB7
	.8byte	.LBE7-.LBB7
	.byte	0x2
	.byte	0x28
	.byte	0x9
	.byte	0x16
	.4byte	0x34c
	.4byte	.LLST1
	.byte	0x16
	.4byte	0x342
	.4byte	.LLST2
	.byte	0
	.byte	0
	.byte	0x1e
	.string	"sum"
	.byte	0x2
	.byte	0x1b
	.byte	0xc
	.4byte	0x99
	.byte	0x1
	.4byte	0x32f
	.byte	0x1f
	.4byte	.LASF23
	.byte	0x2
	.byte	0x1b
	.byte	0x23
	.4byte	0x32f
	.byte	0x20
	.4byte	.LASF29
	.byte	0x2
	.byte	0x1d
	.byte	0x6
	.4byte	0x99
	.byte	0
	.byte	0x9
	.byte	0x8
	.4byte	0x8e
	.byte	0x21
	.string	"mix"
	.byte	0x3
	.byte	0x2
	.byte	0x18
	.4byte	0x5f
	.byte	0x3
	.byte	0x22
	.string	"a"
	.byte	0x3
	.byte	0x2
	.byte	0x25
	.4byte	0x5f
	.byte	0x22
	.string	"b"
	.byte	0x3
	.byte	0x2
	.byte	0x31
	.4byte	0x5f
	.byte	0
	.byte	0
	.section	.debug_abbrev,"",@progbits
.Ldebug_abbrev0:
	.byte	0x1
	.byte	0x11
	.byte	0x1
	.byte	0x25
	.byte	0xe
	.byte	0x13
	.byte	0xb
	.byte	0x3
	.byte	0xe
	.byte	0x1b
	.byte	0xe
	.byte	0x11
	.byte	0x1
	.byte	0x12
	.byte	0x7
	.byte	0x10
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0x2
	.byte	0x16
	.byte	0
	.byte	0x3
	.byte	0x8
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x3
	.byte	0x24
	.byte	0
	.byte	0xb
	.byte	0xb
	.byte	0x3e
	.byte	0xb
	.byte	0x3
	.byte	0xe
	.byte	0
	.byte	0
	.byte	0x4
	.byte	0x4
	.byte	0x1
	.byte	0x3
	.byte	0xe
	.byte	0x3e
	.byte	0xb
	.byte	0xb
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x5
	.byte	0x28
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x1c
	.byte	0xb
	.byte	0
	.byte	0
	.byte	0x6
	.byte	0x13
	.byte	0x1
	.byte	0x3
	.byte	0xe
	.byte	0xb
	.byte	0xb
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x7
	.byte	0xd
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0x38
	.byte	0xb
	.byte	0
	.byte	0
	.byte	0x8
	.byte	0x26
	.byte	0
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x9
	.byte	0xf
	.byte	0
	.byte	0xb
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0xa
	.byte	0x24
	.byte	0
	.byte	0xb
	.byte	0xb
	.byte	0x3e
	.byte	0xb
	.byte	0x3
	.byte	0x8
	.byte	0
	.byte	0
	.byte	0xb
	.byte	0x34
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0x3f
	.byte	0x19
	.byte	0x2
	.byte	0x18
	.byte	0
	.byte	0
	.byte	0xc
	.byte	0x34
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0x2
	.byte	0x18
	.byte	0
	.byte	0
	.byte	0xd
	.byte	0x35
	.byte	0
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0xe
	.byte	0x1
	.byte	0x1
	.byte	0x49
	.byte	0x13
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0xf
	.byte	0x21
	.byte	0
	.byte	0x49
	.byte	0x13
	.byte	0x2f
	.byte	0xb
	.byte	0
	.byte	0
	.byte	0x10
	.byte	0x34
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0x3f
	.byte	0x19
	.byte	0x3c
	.byte	0x19
	.byte	0
	.byte	0
	.byte	0x11
	.byte	0x34
	.byte	0
	.byte	0x47
	.byte	0x13
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x2
	.byte	0x18
	.byte	0
	.byte	0
	.byte	0x12
	.byte	0x2e
	.byte	0x1
	.byte	0x3f
	.byte	0x19
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x27
	.byte	0x19
	.byte	0x11
	.byte	0x1
	.byte	0x12
	.byte	0x7
	.byte	0x40
	.byte	0x18
	.byte	0x97,0x42
	.byte	0x19
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x13
	.byte	0xb
	.byte	0x1
	.byte	0x11
	.byte	0x1
	.byte	0x12
	.byte	0x7
	.byte	0
	.byte	0
	.byte	0x14
	.byte	0x34
	.byte	0
	.byte	0x3
	.byte	0x8
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0x2
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0x15
	.byte	0x1d
	.byte	0x1
	.byte	0x31
	.byte	0x13
	.byte	0x52
	.byte	0x1
	.byte	0x55
	.byte	0x17
	.byte	0x58
	.byte	0xb
	.byte	0x59
	.byte	0xb
	.byte	0x57
	.byte	0xb
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x16
	.byte	0x5
	.byte	0
	.byte	0x31
	.byte	0x13
	.byte	0x2
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0x17
	.byte	0xb
	.byte	0x1
	.byte	0x55
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0x18
	.byte	0x34
	.byte	0
	.byte	0x31
	.byte	0x13
	.byte	0x2
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0x19
	.byte	0x89,0x82,0x1
	.byte	0x1
	.byte	0x11
	.byte	0x1
	.byte	0x31
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x1a
	.byte	0x8a,0x82,0x1
	.byte	0
	.byte	0x2
	.byte	0x18
	.byte	0x91,0x42
	.byte	0x18
	.byte	0
	.byte	0
	.byte	0x1b
	.byte	0x2e
	.byte	0x1
	.byte	0x3f
	.byte	0x19
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x27
	.byte	0x19
	.byte	0x49
	.byte	0x13
	.byte	0x11
	.byte	0x1
	.byte	0x12
	.byte	0x7
	.byte	0x40
	.byte	0x18
	.byte	0x97,0x42
	.byte	0x19
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x1c
	.byte	0x5
	.byte	0
	.byte	0x3
	.byte	0x8
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0x2
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0x1d
	.byte	0x1d
	.byte	0x1
	.byte	0x31
	.byte	0x13
	.byte	0x11
	.byte	0x1
	.byte	0x12
	.byte	0x7
	.byte	0x58
	.byte	0xb
	.byte	0x59
	.byte	0xb
	.byte	0x57
	.byte	0xb
	.byte	0
	.byte	0
	.byte	0x1e
	.byte	0x2e
	.byte	0x1
	.byte	0x3
	.byte	0x8
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x27
	.byte	0x19
	.byte	0x49
	.byte	0x13
	.byte	0x20
	.byte	0xb
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x1f
	.byte	0x5
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x20
	.byte	0x34
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x21
	.byte	0x2e
	.byte	0x1
	.byte	0x3
	.byte	0x8
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x27
	.byte	0x19
	.byte	0x49
	.byte	0x13
	.byte	0x20
	.byte	0xb
	.byte	0
	.byte	0
	.byte	0x22
	.byte	0x5
	.byte	0
	.byte	0x3
	.byte	0x8
	.byte	0x3a
	.byte	0xb
	.byte	0x3b
	.byte	0xb
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0
	.section	.debug_loc,"",@progbits
.Ldebug_loc0:
.LLST3:
	.8byte	.LVL4-.Ltext0
	.8byte	.LVL5-.Ltext0
	.2byte	0x2
	.byte	0x30
	.byte	0x9f
	.8byte	.LVL5-.Ltext0
	.8byte	.LVL8-.Ltext0
	.2byte	0x1
	.byte	0x58
	.8byte	.LVL9-.Ltext0
	.8byte	.LVL15-.Ltext0
	.2byte	0x1
	.byte	0x58
	.8byte	0
	.8byte	0
.LLST4:
	.8byte	.LVL5-.Ltext0
	.8byte	.LVL6-.Ltext0
	.2byte	0x1
	.byte	0x5f
	.8byte	.LVL11-.Ltext0
	.8byte	.LVL15-.Ltext0
	.2byte	0x1
	.byte	0x5f
	.8byte	0
	.8byte	0
.LLST5:
	.8byte	.LVL5-.Ltext0
	.8byte	.LVL6-.Ltext0
	.2byte	0x2
	.byte	0x30
	.byte	0x9f
	.8byte	.LVL11-.Ltext0
	.8byte	.LVL12-.Ltext0
	.2byte	0x2
	.byte	0x30
	.byte	0x9f
	.8byte	.LVL12-.Ltext0
	.8byte	.LVL13-.Ltext0
	.2byte	0x1
	.byte	0x5e
	.8byte	0
	.8byte	0
.LLST6:
	.8byte	.LVL6-.Ltext0
	.8byte	.LVL7-.Ltext0
	.2byte	0x1d
	.byte	0x78
	.byte	0
	.byte	0x33
	.byte	0x1a
	.byte	0xc
	.4byte	0xffffffff
	.byte	0x1a
	.byte	0x31
	.byte	0x24
	.byte	0x3
	.8byte	limits
	.byte	0x22
	.byte	0x94
	.byte	0x2
	.byte	0xa
	.2byte	0xffff
	.byte	0x1a
	.byte	0x9f
	.8byte	0
	.8byte	0
.LLST7:
	.8byte	.LVL6-.Ltext0
	.8byte	.LVL7-.Ltext0
	.2byte	0x1
	.byte	0x58
	.8byte	0
	.8byte	0
.LLST0:
	.8byte	.LVL0-.Ltext0
	.8byte	.LVL2-.Ltext0
	.2byte	0x1
	.byte	0x5a
	.8byte	.LVL2-.Ltext0
	.8byte	.LFE2-.Ltext0
	.2byte	0x4
	.byte	0xf3
	.byte	0x1
	.byte	0x5a
	.byte	0x9f
	.8byte	0
	.8byte	0
.LLST1:
	.8byte	.LVL1-.Ltext0
	.8byte	.LVL2-.Ltext0
	.2byte	0x1
	.byte	0x5a
	.8byte	.LVL2-.Ltext0
	.8byte	.LVL3-.Ltext0
	.2byte	0x4
	.byte	0xf3
	.byte	0x1
	.byte	0x5a
	.byte	0x9f
	.8byte	0
	.8byte	0
.LLST2:
	.8byte	.LVL1-.Ltext0
	.8byte	.LVL3-.Ltext0
	.2byte	0x1
	.byte	0x5f
	.8byte	0
	.8byte	0
	.section	.debug_aranges,"",@progbits
	.4byte	0x2c
	.2byte	0x2
	.4byte	.Ldebug_info0
	.byte	0x8
	.byte	0
	.2byte	0
	.2byte	0
	.8byte	.Ltext0
	.8byte	.Letext0-.Ltext0
	.8byte	0
	.8byte	0
	.section	.debug_ranges,"",@progbits
.Ldebug_ranges0:
	.8byte	.LBB15-.Ltext0
	.8byte	.LBE15-.Ltext0
	.8byte	.LBB19-.Ltext0
	.8byte	.LBE19-.Ltext0
	.8byte	.LBB26-.Ltext0
	.8byte	.LBE26-.Ltext0
	.8byte	0
	.8byte	0
	.8byte	.LBB20-.Ltext0
	.8byte	.LBE20-.Ltext0
	.8byte	.LBB24-.Ltext0
	.8byte	.LBE24-.Ltext0
	.8byte	.LBB25-.Ltext0
	.8byte	.LBE25-.Ltext0
	.8byte	0
	.8byte	0
	.section	.debug_line,"",@progbits
.Ldebug_line0:
	.section	.debug_str,"MS",@progbits,1
.LASF14:
	.string	"message"
.LASF3:
	.string	"unsigned int"
.LASF28:
	.string	"count"
.LASF26:
	.string	"/guest"
.LASF23:
	.string	"item"
.LASF12:
	.string	"ready"
.LASF17:
	.string	"head"
.LASF20:
	.string	"ratio"
.LASF7:
	.string	"long unsigned int"
.LASF29:
	.string	"result"
.LASF21:
	.string	"float"
.LASF25:
	.string	"/guest/counter.c"
.LASF9:
	.string	"limits"
.LASF24:
	.string	"GNU C17 12.2.0 -mabi=lp64 -mcmodel=medany -misa-spec=20191213 -march=rv64imac -g -gdwarf-4 -O1 -ffreestanding -fno-ident"
.LASF15:
	.string	"char"
.LASF10:
	.string	"grid"
.LASF19:
	.string	"long int"
.LASF0:
	.string	"IDLE"
.LASF18:
	.string	"total"
.LASF13:
	.string	"_Bool"
.LASF1:
	.string	"BUSY"
.LASF8:
	.string	"counter"
.LASF2:
	.string	"short unsigned int"
.LASF6:
	.string	"signed char"
.LASF16:
	.string	"first"
.LASF11:
	.string	"state"
.LASF5:
	.string	"value"
.LASF27:
	.string	"_start"
.LASF22:
	.string	"level"
.LASF4:
	.string	"next"
