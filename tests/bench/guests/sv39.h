/* Sv39 page tables for the guests that leave M-mode (privileged ISA, "Sv39: Page-Based 39-bit Virtual-Memory System"). */
#pragma once
#include "bench.h"

#define PTE_V 1ul
#define PTE_R 2ul
#define PTE_W 4ul
#define PTE_X 8ul
#define PTE_U 16ul
#define PTE_G 32ul
#define PTE_A 64ul
#define PTE_D 128ul
#define PTE_RWX (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define PTE_RW (PTE_V | PTE_R | PTE_W | PTE_A | PTE_D)
#define PAGE 4096ul
#define MEGAPAGE (512 * PAGE)
#define MSTATUS_MPP 0x1800ul
#define MSTATUS_MPP_S 0x800ul
#define SATP_SV39 (8ul << 60)

typedef u64 pte;
#define pte_of(paddr, flags) ((paddr) >> 12 << 10 | (flags))
#define pte_paddr(entry) ((entry) >> 10 << 12)
#define satp_of(root, asid) (SATP_SV39 | (u64)(asid) << 44 | (u64)(root) >> 12)

/* A zeroed page for a table. */
pte *new_table(void);
/* The level-`level` entry for vaddr below `root`, with the tables above it made as needed. */
pte *entry_of(pte *root, u64 vaddr, int level);
/* Identity megapages for the image (64 MB of RAM from its start), the UART and the test finisher. */
void map_kernel(pte *root);
/* Goes on in S-mode, with the same stack, physical = virtual addresses and translation by `satp`. */
void enter_supervisor(u64 satp);
