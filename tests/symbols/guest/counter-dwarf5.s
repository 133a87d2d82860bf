	.file	"counter.c"
	.option nopic
	.attribute arch, "rv64i2p1_m2p0_a2p1_c2p0"
	.attribute unaligned_access, 0
	.attribute stack_align, 16
	.text
.Ltext0:
	.cfi_sections	.debug_frame
	.file 0 "/guest" "/guest/counter.c"
	.align	1
	.globl	count
	.type	count, @function
count:
.LFB2:
	.file 1 "/guest/counter.c"
	.loc 1 37 1
	.cfi_startproc
.LVL0:
	.loc 1 38 2
	.loc 1 38 10 is_stmt 0
	lla	a4,counter
	lw	a5,0(a4)
	addw	a5,a5,a0
	sw	a5,0(a4)
	.loc 1 39 2 is_stmt 1
	.loc 1 39 7 is_stmt 0
	lb	a4,level
	addiw	a4,a4,-1
	sb	a4,level,a3
	.loc 1 40 2 is_stmt 1
.LVL1:
.LBB7:
.LBB8:
	.file 2 "/guest/counter.h"
	.loc 2 4 2
	.loc 2 4 9 is_stmt 0
	slliw	a0,a0,3
.LVL2:
	.loc 2 4 4
	xor	a0,a0,a5
.LVL3:
	.loc 2 5 2 is_stmt 1
	.loc 2 5 16 is_stmt 0
	srliw	a5,a0,5
.LBE8:
.LBE7:
	.loc 1 41 1
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
	.loc 1 44 1 is_stmt 1
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
	.loc 1 45 2
.LBB14:
	.loc 1 45 7
.LVL4:
	.loc 1 45 25
	.loc 1 45 16 is_stmt 0
	li	s0,0
	.loc 1 46 9
	lla	s1,total
	.loc 1 47 24
	lla	s6,head
.LBB15:
.LBB16:
	.loc 1 29 6
	li	s7,0
.LBE16:
.LBE15:
	.loc 1 47 49
	lla	s5,limits
	.loc 1 47 22
	lla	s4,.LANCHOR0
	.loc 1 47 17
	li	s3,3
	.loc 1 45 25
	li	s2,10
	j	.L5
.LVL5:
.L7:
.LBB19:
.LBB17:
	.loc 1 29 6
	mv	a4,s7
.LVL6:
.L3:
	.loc 1 33 2 is_stmt 1
.LBE17:
.LBE19:
.LBB20:
.LBB21:
	.loc 2 4 2
.LBE21:
.LBE20:
	.loc 1 47 49 is_stmt 0
	andi	a5,s0,3
	slli	a5,a5,1
	add	a5,s5,a5
	.loc 1 47 36
	lhu	a3,0(a5)
.LBB24:
.LBB22:
	.loc 2 4 9
	slliw	a3,a3,3
	.loc 2 4 4
	xor	a3,s0,a3
.LVL7:
	.loc 2 5 2 is_stmt 1
.LBE22:
.LBE24:
	.loc 1 47 17 is_stmt 0
	remuw	a2,s0,s3
	.loc 1 47 22
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
	.loc 2 5 16
	srliw	a2,a3,5
	.loc 2 5 11
	addw	a3,a2,a3
.LBE23:
.LBE25:
	.loc 1 47 34
	addw	a4,a3,a4
	.loc 1 47 22
	sw	a4,0(a5)
	.loc 1 45 32 is_stmt 1
	addiw	s0,s0,1
.LVL8:
	.loc 1 45 25
	beq	s0,s2,.L6
.LVL9:
.L5:
	.loc 1 46 3 discriminator 3
	.loc 1 46 12 is_stmt 0 discriminator 3
	mv	a0,s0
	call	count
.LVL10:
	slli	a0,a0,32
	srli	a0,a0,32
	.loc 1 46 9 discriminator 3
	ld	a5,0(s1)
	add	a5,a5,a0
	sd	a5,0(s1)
	.loc 1 47 3 is_stmt 1 discriminator 3
	.loc 1 47 24 is_stmt 0 discriminator 3
	ld	a5,0(s6)
.LVL11:
.LBB26:
.LBB18:
	.loc 1 29 2 is_stmt 1 discriminator 3
	.loc 1 31 2 discriminator 3
	.loc 1 31 9 discriminator 3
	beq	a5,zero,.L7
	.loc 1 29 6 is_stmt 0
	mv	a4,s7
.LVL12:
.L4:
	.loc 1 32 3 is_stmt 1
	.loc 1 32 10 is_stmt 0
	lw	a3,8(a5)
	addw	a4,a3,a4
.LVL13:
	.loc 1 31 20 is_stmt 1
	ld	a5,0(a5)
.LVL14:
	.loc 1 31 9
	bne	a5,zero,.L4
	j	.L3
.LVL15:
.L6:
.LBE18:
.LBE26:
.LBE14:
	.loc 1 49 2 discriminator 1
	.loc 1 49 2 discriminator 1
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
	.4byte	0x33f
	.2byte	0x5
	.byte	0x1
	.byte	0x8
	.4byte	.Ldebug_abbrev0
	.byte	0xc
	.4byte	.LASF26
	.byte	0x1d
	.4byte	.LASF0
	.4byte	.LASF1
	.8byte	.Ltext0
	.8byte	.Letext0-.Ltext0
	.4byte	.Ldebug_line0
	.byte	0xd
	.string	"u16"
	.byte	0x1
	.byte	0x7
	.byte	0x18
	.4byte	0x3a
	.byte	0x2
	.byte	0x2
	.byte	0x7
	.4byte	.LASF4
	.byte	0xe
	.4byte	.LASF13
	.byte	0x7
	.byte	0x4
	.4byte	0x60
	.byte	0x1
	.byte	0x8
	.byte	0x6
	.4byte	0x60
	.byte	0x6
	.4byte	.LASF2
	.byte	0
	.byte	0x6
	.4byte	.LASF3
	.byte	0x7
	.byte	0
	.byte	0x2
	.byte	0x4
	.byte	0x7
	.4byte	.LASF5
	.byte	0xf
	.4byte	.LASF25
	.byte	0x10
	.byte	0x1
	.byte	0x9
	.byte	0x8
	.4byte	0x8d
	.byte	0x7
	.4byte	.LASF6
	.byte	0xa
	.byte	0xf
	.4byte	0x92
	.byte	0
	.byte	0x7
	.4byte	.LASF7
	.byte	0xb
	.byte	0x6
	.4byte	0x97
	.byte	0x8
	.byte	0
	.byte	0x8
	.4byte	0x67
	.byte	0x4
	.4byte	0x67
	.byte	0x10
	.byte	0x4
	.byte	0x5
	.string	"int"
	.byte	0x1
	.4byte	.LASF10
	.byte	0xe
	.byte	0xa
	.4byte	0x60
	.byte	0x9
	.byte	0x3
	.8byte	counter
	.byte	0x11
	.4byte	.LASF24
	.byte	0x1
	.byte	0xf
	.byte	0x1d
	.4byte	0xd0
	.byte	0x9
	.byte	0x3
	.8byte	level
	.byte	0x2
	.byte	0x1
	.byte	0x6
	.4byte	.LASF8
	.byte	0x12
	.4byte	0xc9
	.byte	0x9
	.4byte	0x2e
	.4byte	0xe5
	.byte	0x5
	.4byte	0xe5
	.byte	0x3
	.byte	0
	.byte	0x2
	.byte	0x8
	.byte	0x7
	.4byte	.LASF9
	.byte	0x1
	.4byte	.LASF11
	.byte	0x10
	.byte	0x5
	.4byte	0xd5
	.byte	0x9
	.byte	0x3
	.8byte	limits
	.byte	0x9
	.4byte	0x97
	.4byte	0x117
	.byte	0x5
	.4byte	0xe5
	.byte	0x1
	.byte	0x5
	.4byte	0xe5
	.byte	0x2
	.byte	0
	.byte	0x1
	.4byte	.LASF12
	.byte	0x11
	.byte	0x5
	.4byte	0x101
	.byte	0x9
	.byte	0x3
	.8byte	grid
	.byte	0x1
	.4byte	.LASF13
	.byte	0x12
	.byte	0xc
	.4byte	0x41
	.byte	0x9
	.byte	0x3
	.8byte	state
	.byte	0x1
	.4byte	.LASF14
	.byte	0x13
	.byte	0x7
	.4byte	0x156
	.byte	0x9
	.byte	0x3
	.8byte	ready
	.byte	0x2
	.byte	0x1
	.byte	0x2
	.4byte	.LASF15
	.byte	0x1
	.4byte	.LASF16
	.byte	0x14
	.byte	0xd
	.4byte	0x172
	.byte	0x9
	.byte	0x3
	.8byte	message
	.byte	0x4
	.4byte	0x17e
	.byte	0x2
	.byte	0x1
	.byte	0x8
	.4byte	.LASF17
	.byte	0x8
	.4byte	0x177
	.byte	0x1
	.4byte	.LASF18
	.byte	0x15
	.byte	0xd
	.4byte	0x67
	.byte	0x9
	.byte	0x3
	.8byte	first
	.byte	0x1
	.4byte	.LASF19
	.byte	0x16
	.byte	0xe
	.4byte	0x92
	.byte	0x9
	.byte	0x3
	.8byte	head
	.byte	0x13
	.4byte	.LASF20
	.byte	0x1
	.byte	0x17
	.byte	0xd
	.4byte	0x1b9
	.byte	0x2
	.byte	0x8
	.byte	0x5
	.4byte	.LASF21
	.byte	0x14
	.4byte	0x1ad
	.byte	0x18
	.byte	0x6
	.byte	0x9
	.byte	0x3
	.8byte	total
	.byte	0x1
	.4byte	.LASF22
	.byte	0x19
	.byte	0x7
	.4byte	0x1e6
	.byte	0x9
	.byte	0x3
	.8byte	ratio
	.byte	0x2
	.byte	0x4
	.byte	0x4
	.4byte	.LASF23
	.byte	0x15
	.4byte	.LASF27
	.byte	0x1
	.byte	0x2b
	.byte	0x6
	.8byte	.LFB3
	.8byte	.LFE3-.LFB3
	.byte	0x1
	.byte	0x9c
	.4byte	0x298
	.byte	0x16
	.8byte	.LBB14
	.8byte	.LBE14-.LBB14
	.byte	0x17
	.string	"i"
	.byte	0x1
	.byte	0x2d
	.byte	0x10
	.4byte	0x60
	.4byte	.LLST3
	.byte	0xa
	.4byte	0x2f5
	.8byte	.LBB15
	.4byte	.LLRL4
	.byte	0x18
	.4byte	0x259
	.byte	0x3
	.4byte	0x306
	.4byte	.LLST5
	.byte	0x18
	.4byte	.LLRL4
	.byte	0x19
	.4byte	0x312
	.4byte	.LLST6
	.byte	0
	.byte	0
	.byte	0xa
	.4byte	0x324
	.8byte	.LBB20
	.4byte	.LLRL7
	.byte	0x24
	.4byte	0x282
	.byte	0x3
	.4byte	0x339
	.4byte	.LLST8
	.byte	0x3
	.4byte	0x331
	.4byte	.LLST9
	.byte	0
	.byte	0x1a
	.8byte	.LVL10
	.4byte	0x298
	.byte	0x1b
	.byte	0x1
	.byte	0x5a
	.byte	0x2
	.byte	0x78
	.byte	0
	.byte	0
	.byte	0
	.byte	0
	.byte	0x1c
	.4byte	.LASF28
	.byte	0x1
	.byte	0x24
	.byte	0x24
	.4byte	0x60
	.8byte	.LFB2
	.8byte	.LFE2-.LFB2
	.byte	0x1
	.byte	0x9c
	.4byte	0x2f5
	.byte	0x1d
	.string	"by"
	.byte	0x1
	.byte	0x24
	.byte	0x33
	.4byte	0x60
	.4byte	.LLST0
	.byte	0x1e
	.4byte	0x324
	.8byte	.LBB7
	.8byte	.LBE7-.LBB7
	.byte	0x1
	.byte	0x28
	.byte	0x9
	.byte	0x3
	.4byte	0x339
	.4byte	.LLST1
	.byte	0x3
	.4byte	0x331
	.4byte	.LLST2
	.byte	0
	.byte	0
	.byte	0x1f
	.string	"sum"
	.byte	0x1
	.byte	0x1b
	.byte	0xc
	.4byte	0x97
	.byte	0x1
	.4byte	0x31f
	.byte	0x20
	.4byte	.LASF25
	.byte	0x1
	.byte	0x1b
	.byte	0x23
	.4byte	0x31f
	.byte	0x21
	.4byte	.LASF29
	.byte	0x1
	.byte	0x1d
	.byte	0x6
	.4byte	0x97
	.byte	0
	.byte	0x4
	.4byte	0x8d
	.byte	0x22
	.string	"mix"
	.byte	0x2
	.byte	0x2
	.byte	0x18
	.4byte	0x60
	.byte	0x3
	.byte	0xb
	.string	"a"
	.byte	0x25
	.4byte	0x60
	.byte	0xb
	.string	"b"
	.byte	0x31
	.4byte	0x60
	.byte	0
	.byte	0
	.section	.debug_abbrev,"",@progbits
.Ldebug_abbrev0:
	.byte	0x1
	.byte	0x34
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0x21
	.byte	0x1
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
	.byte	0x2
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
	.byte	0x3
	.byte	0x5
	.byte	0
	.byte	0x31
	.byte	0x13
	.byte	0x2
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0x4
	.byte	0xf
	.byte	0
	.byte	0xb
	.byte	0x21
	.byte	0x8
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x5
	.byte	0x21
	.byte	0
	.byte	0x49
	.byte	0x13
	.byte	0x2f
	.byte	0xb
	.byte	0
	.byte	0
	.byte	0x6
	.byte	0x28
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x1c
	.byte	0xb
	.byte	0
	.byte	0
	.byte	0x7
	.byte	0xd
	.byte	0
	.byte	0x3
	.byte	0xe
	.byte	0x3a
	.byte	0x21
	.byte	0x1
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
	.byte	0x1
	.byte	0x1
	.byte	0x49
	.byte	0x13
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0xa
	.byte	0x1d
	.byte	0x1
	.byte	0x31
	.byte	0x13
	.byte	0x52
	.byte	0x1
	.byte	0x55
	.byte	0x17
	.byte	0x58
	.byte	0x21
	.byte	0x1
	.byte	0x59
	.byte	0x21
	.byte	0x2f
	.byte	0x57
	.byte	0xb
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0xb
	.byte	0x5
	.byte	0
	.byte	0x3
	.byte	0x8
	.byte	0x3a
	.byte	0x21
	.byte	0x2
	.byte	0x3b
	.byte	0x21
	.byte	0x2
	.byte	0x39
	.byte	0xb
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0xc
	.byte	0x11
	.byte	0x1
	.byte	0x25
	.byte	0xe
	.byte	0x13
	.byte	0xb
	.byte	0x3
	.byte	0x1f
	.byte	0x1b
	.byte	0x1f
	.byte	0x11
	.byte	0x1
	.byte	0x12
	.byte	0x7
	.byte	0x10
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0xd
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
	.byte	0xe
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
	.byte	0xf
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
	.byte	0x10
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
	.byte	0x11
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
	.byte	0x12
	.byte	0x35
	.byte	0
	.byte	0x49
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x13
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
	.byte	0x14
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
	.byte	0x15
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
	.byte	0x7a
	.byte	0x19
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x16
	.byte	0xb
	.byte	0x1
	.byte	0x11
	.byte	0x1
	.byte	0x12
	.byte	0x7
	.byte	0
	.byte	0
	.byte	0x17
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
	.byte	0x18
	.byte	0xb
	.byte	0x1
	.byte	0x55
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0x19
	.byte	0x34
	.byte	0
	.byte	0x31
	.byte	0x13
	.byte	0x2
	.byte	0x17
	.byte	0
	.byte	0
	.byte	0x1a
	.byte	0x48
	.byte	0x1
	.byte	0x7d
	.byte	0x1
	.byte	0x7f
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x1b
	.byte	0x49
	.byte	0
	.byte	0x2
	.byte	0x18
	.byte	0x7e
	.byte	0x18
	.byte	0
	.byte	0
	.byte	0x1c
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
	.byte	0x7a
	.byte	0x19
	.byte	0x1
	.byte	0x13
	.byte	0
	.byte	0
	.byte	0x1d
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
	.byte	0x1e
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
	.byte	0x1f
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
	.byte	0x20
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
	.byte	0x21
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
	.byte	0x22
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
	.byte	0
	.section	.debug_loclists,"",@progbits
	.4byte	.Ldebug_loc3-.Ldebug_loc2
.Ldebug_loc2:
	.2byte	0x5
	.byte	0x8
	.byte	0
	.4byte	0
.Ldebug_loc0:
.LLST3:
	.byte	0x7
	.8byte	.LVL4
	.8byte	.LVL5
	.byte	0x2
	.byte	0x30
	.byte	0x9f
	.byte	0x7
	.8byte	.LVL5
	.8byte	.LVL8
	.byte	0x1
	.byte	0x58
	.byte	0x7
	.8byte	.LVL9
	.8byte	.LVL15
	.byte	0x1
	.byte	0x58
	.byte	0
.LLST5:
	.byte	0x7
	.8byte	.LVL5
	.8byte	.LVL6
	.byte	0x1
	.byte	0x5f
	.byte	0x7
	.8byte	.LVL11
	.8byte	.LVL15
	.byte	0x1
	.byte	0x5f
	.byte	0
.LLST6:
	.byte	0x7
	.8byte	.LVL5
	.8byte	.LVL6
	.byte	0x2
	.byte	0x30
	.byte	0x9f
	.byte	0x7
	.8byte	.LVL11
	.8byte	.LVL12
	.byte	0x2
	.byte	0x30
	.byte	0x9f
	.byte	0x7
	.8byte	.LVL12
	.8byte	.LVL13
	.byte	0x1
	.byte	0x5e
	.byte	0
.LLST8:
	.byte	0x7
	.8byte	.LVL6
	.8byte	.LVL7
	.byte	0x1d
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
	.byte	0
.LLST9:
	.byte	0x7
	.8byte	.LVL6
	.8byte	.LVL7
	.byte	0x1
	.byte	0x58
	.byte	0
.LLST0:
	.byte	0x7
	.8byte	.LVL0
	.8byte	.LVL2
	.byte	0x1
	.byte	0x5a
	.byte	0x7
	.8byte	.LVL2
	.8byte	.LFE2
	.byte	0x4
	.byte	0xa3
	.byte	0x1
	.byte	0x5a
	.byte	0x9f
	.byte	0
.LLST1:
	.byte	0x7
	.8byte	.LVL1
	.8byte	.LVL2
	.byte	0x1
	.byte	0x5a
	.byte	0x7
	.8byte	.LVL2
	.8byte	.LVL3
	.byte	0x4
	.byte	0xa3
	.byte	0x1
	.byte	0x5a
	.byte	0x9f
	.byte	0
.LLST2:
	.byte	0x7
	.8byte	.LVL1
	.8byte	.LVL3
	.byte	0x1
	.byte	0x5f
	.byte	0
.Ldebug_loc3:
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
	.section	.debug_rnglists,"",@progbits
.Ldebug_ranges0:
	.4byte	.Ldebug_ranges3-.Ldebug_ranges2
.Ldebug_ranges2:
	.2byte	0x5
	.byte	0x8
	.byte	0
	.4byte	0
.LLRL4:
	.byte	0x6
	.8byte	.LBB15
	.8byte	.LBE15
	.byte	0x6
	.8byte	.LBB19
	.8byte	.LBE19
	.byte	0x6
	.8byte	.LBB26
	.8byte	.LBE26
	.byte	0
.LLRL7:
	.byte	0x6
	.8byte	.LBB20
	.8byte	.LBE20
	.byte	0x6
	.8byte	.LBB24
	.8byte	.LBE24
	.byte	0x6
	.8byte	.LBB25
	.8byte	.LBE25
	.byte	0
.Ldebug_ranges3:
	.section	.debug_line,"",@progbits
.Ldebug_line0:
	.section	.debug_str,"MS",@progbits,1
.LASF16:
	.string	"message"
.LASF5:
	.string	"unsigned int"
.LASF12:
	.string	"grid"
.LASF25:
	.string	"item"
.LASF14:
	.string	"ready"
.LASF19:
	.string	"head"
.LASF22:
	.string	"ratio"
.LASF9:
	.string	"long unsigned int"
.LASF29:
	.string	"result"
.LASF26:
	.string	"GNU C17 12.2.0 -mabi=lp64 -mcmodel=medany -misa-spec=20191213 -march=rv64imac -g -gdwarf-5 -O1 -ffreestanding -fno-ident"
.LASF23:
	.string	"float"
.LASF2:
	.string	"IDLE"
.LASF11:
	.string	"limits"
.LASF17:
	.string	"char"
.LASF28:
	.string	"count"
.LASF21:
	.string	"long int"
.LASF20:
	.string	"total"
.LASF15:
	.string	"_Bool"
.LASF3:
	.string	"BUSY"
.LASF10:
	.string	"counter"
.LASF4:
	.string	"short unsigned int"
.LASF8:
	.string	"signed char"
.LASF18:
	.string	"first"
.LASF13:
	.string	"state"
.LASF7:
	.string	"value"
.LASF27:
	.string	"_start"
.LASF24:
	.string	"level"
.LASF6:
	.string	"next"
	.section	.debug_line_str,"MS",@progbits,1
.LASF1:
	.string	"/guest"
.LASF0:
	.string	"/guest/counter.c"
