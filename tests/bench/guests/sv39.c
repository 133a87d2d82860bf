#include "sv39.h"
#define TABLES 256

static u64 tables[TABLES][512] __attribute__((aligned(4096)));
static u32 tables_used;

pte *new_table(void) {
  return tables[tables_used++];
}

pte *entry_of(pte *root, u64 vaddr, int level) {
  for (int at = 2; at > level; at--) {
    pte *entry = &root[vaddr >> (12 + 9 * at) & 511];
    if (!(*entry & PTE_V)) *entry = pte_of((u64)new_table(), PTE_V);
    root = (pte *)pte_paddr(*entry);
  }
  return &root[vaddr >> (12 + 9 * level) & 511];
}

void map_kernel(pte *root) {
  *entry_of(root, 0, 1) = pte_of(0ul, PTE_RW | PTE_G);
  *entry_of(root, 0x10000000ul, 1) = pte_of(0x10000000ul, PTE_RW | PTE_G);
  for (u64 paddr = 0x80000000ul; paddr < 0x84000000ul; paddr += MEGAPAGE) *entry_of(root, paddr, 1) = pte_of(paddr, PTE_RWX | PTE_G);
}

void enter_supervisor(u64 satp) {
  csr_write(medeleg, 0xb1ff); /* all but ecall from S and M */
  csr_write(satp, satp);
  asm volatile(
      "sfence.vma\n"
      "csrc mstatus, %0\n"
      "csrs mstatus, %1\n"
      "la t0, 1f\n"
      "csrw mepc, t0\n"
      "mret\n"
      "1:"
      :
      : "r"(MSTATUS_MPP), "r"(MSTATUS_MPP_S)
      : "t0", "memory");
}
