/* A process in U-mode and its kernel in S-mode, with Sv39 between them: system calls with all registers saved, nothing else. */
#include "sv39.h"
#ifndef N
#define N 1500000
#endif
#define USER_CODE 0x200000000ul
#define SYS_ADD 1
#define SYS_COUNT 2
#define SYS_EXIT 3

struct frame {
  u64 x[32];
  u64 sepc, sstatus;
};

static u64 calls, total;
struct frame frame;
u8 kernel_stack[16384] __attribute__((aligned(16))); /* these two: for the assembly */
u64 exit_sp;

void trap_entry(void);
void leave_to_user(struct frame *to);
extern u8 user_begin[], user_end[];

asm(".balign 4\n"
    "trap_entry:\n"
    "  csrrw sp, sscratch, sp\n"
    "  .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  sd x\\n, 8*\\n(sp)\n"
    "  .endr\n"
    "  csrrw t0, sscratch, sp\n"
    "  sd t0, 16(sp)\n"
    "  csrr t1, sepc\n"
    "  csrr t2, sstatus\n"
    "  sd t1, 256(sp)\n"
    "  sd t2, 264(sp)\n"
    "  mv a0, sp\n"
    "  la sp, kernel_stack + 16384\n"
    "  call system_call\n"
    "  la a0, frame\n"
    "leave_to_user:\n"
    "  ld t1, 256(a0)\n"
    "  ld t2, 264(a0)\n"
    "  csrw sepc, t1\n"
    "  csrw sstatus, t2\n"
    "  csrw sscratch, a0\n"
    "  mv sp, a0\n"
    "  .irp n, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n"
    "  ld x\\n, 8*\\n(sp)\n"
    "  .endr\n"
    "  ld sp, 16(sp)\n"
    "  sret\n"
    /* Runs the process until it exits: as a function call, from the kernel's side. */
    "run_user:\n"
    "  addi sp, sp, -112\n"
    "  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11\n"
    "  sd s\\n, 8*\\n(sp)\n"
    "  .endr\n"
    "  sd ra, 96(sp)\n"
    "  la t0, exit_sp\n"
    "  sd sp, 0(t0)\n"
    "  j leave_to_user\n"
    "return_from_user:\n"
    "  la t0, exit_sp\n"
    "  ld sp, 0(t0)\n"
    "  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11\n"
    "  ld s\\n, 8*\\n(sp)\n"
    "  .endr\n"
    "  ld ra, 96(sp)\n"
    "  addi sp, sp, 112\n"
    "  ret\n"
    /* The process: s0 calls, each with the result of the one before. */
    ".balign 4096\n"
    "user_begin:\n"
    "  li a0, 1\n"
    "1: li a7, 1\n"
    "  addi a1, s0, 5\n"
    "  ecall\n"
    "  andi t0, s0, 3\n"
    "  bnez t0, 2f\n"
    "  li a7, 2\n"
    "  ecall\n"
    "2: addi s0, s0, -1\n"
    "  bnez s0, 1b\n"
    "  li a7, 3\n"
    "  ecall\n"
    "user_end:\n"
    ".balign 4096\n");

void run_user(struct frame *process);
void return_from_user(void);

void system_call(struct frame *process) {
  if (csr_read(scause) != 8) power_off();
  process->sepc += 4;
  calls++;
  switch (process->x[17]) {
    case SYS_ADD:
      process->x[10] = mix(process->x[10], process->x[11]);
      break;
    case SYS_COUNT:
      total += process->x[10];
      break;
    case SYS_EXIT:
      total = mix(total, process->x[10]);
      return_from_user();
  }
}

u64 bench(void) {
  pte *root = new_table();
  map_kernel(root);
  *entry_of(root, USER_CODE, 0) = pte_of((u64)user_begin, PTE_RWX | PTE_U);
  csr_write(stvec, trap_entry);
  enter_supervisor(satp_of(root, 1));
  frame.x[8] = N;
  frame.sepc = USER_CODE;
  frame.sstatus = csr_read(sstatus) & ~0x100ul; /* SPP = U */
  run_user(&frame);
  return mix(total, calls);
}
