// Greets, measures the kernels, provokes one trap of each kind, powers off: with exit code 0 if everything was as expected.
#include "hello.h"

#define CLINT_MSIP ((volatile uint32_t *)0x2000000)
#define CLINT_MTIMECMP ((volatile uint64_t *)0x2004000)
#define CLINT_MTIME ((volatile uint64_t *)0x200bff8)
#define INTERRUPT (1ul << 63)
#define MIE_MSIE 0x8
#define MIE_MTIE 0x80
#define MSTATUS_MIE 0x8

#define csr_read(name) ({ uint64_t value; __asm__ volatile("csrr %0, " #name : "=r"(value) : : "memory"); value; })
#define csr_set(name, bits) __asm__ volatile("csrs " #name ", %0" : : "r"((uint64_t)(bits)) : "memory")
#define csr_clear(name, bits) __asm__ volatile("csrc " #name ", %0" : : "r"((uint64_t)(bits)) : "memory")

static int failures;
static volatile uint64_t trap_cause, trap_value, traps;

// Called by trap_entry. Exceptions go on behind the instruction, interrupts where they came from.
uint64_t trap(uint64_t cause, uint64_t epc, uint64_t value) {
  trap_cause = cause;
  trap_value = value;
  traps++;
  if (cause == (INTERRUPT | 3)) *CLINT_MSIP = 0;
  if (cause == (INTERRUPT | 7)) *CLINT_MTIMECMP = ~0ul;
  if (cause & INTERRUPT) return epc;
  uint16_t insn = *(const uint16_t *)epc;
  return epc + ((insn & 3) == 3 ? 4 : 2);
}

static void check(const char *what, int good) {
  print(good ? "  ok     " : "  FAILED ");
  print(what);
  print("\n");
  if (!good) failures++;
}

static void measure(const char *name, uint64_t (*kernel)(void), uint64_t expected) {
  uint64_t ticks = csr_read(cycle), instructions = csr_read(instret), time = csr_read(time);
  uint64_t result = kernel();
  time = csr_read(time) - time;
  instructions = csr_read(instret) - instructions;
  ticks = csr_read(cycle) - ticks;
  print("  ");
  print(name);
  print_decimal(result, 12);
  print_decimal(ticks, 12);
  print_decimal(instructions, 14);
  print("   ");
  print_fixed(time / 10, 6);
  print(result == expected ? "\n" : "   WRONG\n");
  if (result != expected) failures++;
}

static void exceptions(void) {
  trap_cause = 0;
  __asm__ volatile("ecall" : : : "memory");
  check("environment call from M-mode", trap_cause == 11);
  __asm__ volatile("ebreak" : : : "memory");
  check("breakpoint", trap_cause == 3);
  __asm__ volatile(".word 0xffffffff" : : : "memory");
  check("illegal instruction", trap_cause == 2);
  __asm__ volatile("lw zero, (%0)" : : "r"(0x40000ul) : "memory");
  check("load access fault", trap_cause == 5 && trap_value == 0x40000ul);
  __asm__ volatile("sd zero, (%0)" : : "r"(0x40008ul) : "memory");
  check("store access fault", trap_cause == 7 && trap_value == 0x40008ul);
}

static void interrupts(void) {
  csr_set(mstatus, MSTATUS_MIE);
  csr_set(mie, MIE_MSIE | MIE_MTIE);
  uint64_t before = traps;
  *CLINT_MSIP = 1;
  while (traps == before) {
  }
  check("software interrupt", trap_cause == (INTERRUPT | 3));
  before = traps;
  uint64_t due = *CLINT_MTIME + 20000; // 2 ms
  *CLINT_MTIMECMP = due;
  while (traps == before) __asm__ volatile("wfi" : : : "memory");
  check("timer interrupt", trap_cause == (INTERRUPT | 7) && *CLINT_MTIME >= due);
  csr_clear(mie, MIE_MSIE | MIE_MTIE);
}

int main(void) {
  print("Hello from hart ");
  print_decimal(csr_read(mhartid), 1);
  print(", misa ");
  print_hex(csr_read(misa));
  print(".\n\n  kernel          result       ticks  instructions   virtual seconds\n");
  measure("sieve       ", sieve, 78498);
  measure("matrix      ", matrix, 145992960);
  measure("fibonacci   ", fibonacci, 196418);
  measure("pi, double  ", pi_double, 3141592654);
  measure("pi, single  ", pi_single, 31416);
  print("\n");
  exceptions();
  interrupts();
  print("\n");
  print_decimal(csr_read(cycle), 1);
  print(" ticks, ");
  print_fixed(csr_read(time) / 10, 6);
  print(" virtual seconds, ");
  print_decimal(traps, 1);
  print(" traps: ");
  print(failures ? "something is wrong\n" : "all as expected\n");
  return failures ? 1 : 0;
}
