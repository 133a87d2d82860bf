/* S-mode with Sv39: thousands of 4 KiB pages in several address spaces, satp switches, remapping with sfence.vma, demand paging. */
#include "sv39.h"
#ifndef N
#define N 500
#endif
#define SPACES 6
#define PAGES 2048
#define POOL 4096
#define WINDOW 0x100000000ul

static pte *roots[SPACES];
static u8 pool[POOL][PAGE] __attribute__((aligned(4096)));
static u64 faults, satps[SPACES];

/* Maps the faulting page again: its entry had lost PTE_V only. */
static void __attribute__((interrupt("supervisor"), aligned(4))) page_fault(void) {
  u64 vaddr = csr_read(stval);
  if (vaddr - WINDOW >= PAGES * PAGE) power_off();
  pte *root = (pte *)((csr_read(satp) & ((1ul << 44) - 1)) << 12);
  *entry_of(root, vaddr, 0) |= PTE_V;
  asm volatile("sfence.vma %0, x0" : : "r"(vaddr) : "memory");
  faults++;
}

static void make_space(int space) {
  roots[space] = new_table();
  map_kernel(roots[space]);
  for (u64 i = 0; i < PAGES; i++) {
    u64 page = (i * 1021 + space * 677) % POOL;
    *entry_of(roots[space], WINDOW + i * PAGE, 0) = pte_of((u64)pool[page], PTE_RW);
  }
  satps[space] = satp_of(roots[space], space + 1);
}

static u64 touch(u64 sum, u64 first, u64 step) {
  for (u64 i = 0; i < PAGES; i++) {
    volatile u64 *word = (u64 *)(WINDOW + (first + i * step) % PAGES * PAGE + (i & 63) * 8);
    sum = sum * 31 + *word;
    *word = sum;
  }
  return sum;
}

/* Exchanges the frames of two pages, and takes a third one away until it is touched again. */
static void remap(int space, u64 *random) {
  u64 a = WINDOW + next_random(random) % PAGES * PAGE, b = WINDOW + next_random(random) % PAGES * PAGE;
  u64 gone = WINDOW + next_random(random) % PAGES * PAGE;
  pte *pa = entry_of(roots[space], a, 0), *pb = entry_of(roots[space], b, 0), old = *pa;
  *pa = *pb;
  *pb = old;
  *entry_of(roots[space], gone, 0) &= ~PTE_V;
  asm volatile("sfence.vma %0, x0" : : "r"(a) : "memory");
  asm volatile("sfence.vma %0, x0" : : "r"(b) : "memory");
  asm volatile("sfence.vma %0, %1" : : "r"(gone), "r"((u64)space + 1) : "memory");
}

u64 bench(void) {
  u64 random = 2024, sum = 1;
  for (int space = 0; space < SPACES; space++) make_space(space);
  csr_write(stvec, page_fault);
  enter_supervisor(satps[0]);
  for (int round = 0; round < N; round++)
    for (int space = 0; space < SPACES; space++) {
      csr_write(satp, satps[space]);
      sum = touch(sum, round, 1 + 2 * space);
      for (int i = 0; i < 16; i++) remap(space, &random);
      if (round % 64 == 63) asm volatile("sfence.vma" : : : "memory");
    }
  return mix(sum, faults);
}
