// The devices of riscv-virt that the logger uses, the interrupts, and what it reads from the device tree.
#include "logger.h"

// 16550A
#define UART ((volatile uint8_t *)0x10000000)
#define UART_DATA 0
#define UART_IER 1
#define UART_LSR 5
#define LSR_DR 0x01
#define LSR_THRE 0x20
#define UART_IRQ 10u
// PLIC, context 0: M-mode of hart 0
#define PLIC_PRIORITY ((volatile uint32_t *)0xc000000)
#define PLIC_ENABLE ((volatile uint32_t *)0xc002000)
#define PLIC_THRESHOLD ((volatile uint32_t *)0xc200000)
#define PLIC_CLAIM ((volatile uint32_t *)0xc200004)
// CLINT, goldfish RTC, test finisher
#define CLINT_MTIMECMP ((volatile uint64_t *)0x2004000)
#define CLINT_MTIME ((volatile uint64_t *)0x200bff8)
#define RTC_TIME ((volatile uint32_t *)0x101000)
#define FINISHER ((volatile uint32_t *)0x100000)

#define INTERRUPT (1ul << 63)
#define CAUSE_TIMER (INTERRUPT | 7)
#define CAUSE_EXTERNAL (INTERRUPT | 11)
#define MIE_MTIE 0x80
#define MIE_MEIE 0x800

uint64_t now(void) { return *CLINT_MTIME; }

void timer_after(uint64_t delay) { *CLINT_MTIMECMP = delay == ~0ul ? delay : now() + delay; }

void platform_init(void) {
  timer_after(~0ul);
  UART[UART_IER] = 1;
  PLIC_PRIORITY[UART_IRQ] = 1;
  *PLIC_ENABLE = 1u << UART_IRQ;
  *PLIC_THRESHOLD = 0;
  csr_write(mie, MIE_MTIE | MIE_MEIE);
  csr_set(mstatus, MSTATUS_MIE);
}

static void uart_interrupt(void) {
  uint32_t irq = *PLIC_CLAIM;
  while (UART[UART_LSR] & LSR_DR) task_post(&shell_task, UART[UART_DATA]);
  if (irq) *PLIC_CLAIM = irq;
}

// Called by trap_entry with interrupts masked.
void trap(uint64_t cause) {
  if (cause == CAUSE_TIMER) sample_due();
  else if (cause == CAUSE_EXTERNAL) uart_interrupt();
  else {
    print("PANIC: exception ");
    print_decimal(cause);
    print("\n");
    power_off(2);
  }
}

static uint32_t big_endian(const uint32_t *at) {
  const uint8_t *b = (const uint8_t *)at;
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

// The value of the first property of that name in a flattened device tree (Devicetree Specification 0.4, section 5), and its length.
static const uint8_t *property(const uint32_t *tree, const char *name, uint32_t *length) {
  const char *strings = (const char *)tree + big_endian(&tree[3]);
  const uint32_t *at = tree + big_endian(&tree[2]) / 4;
  for (;;) {
    switch (big_endian(at++)) {
    case 1: // a node begins: its name
      while (big_endian(at++) & 0xff) {
      }
      break;
    case 3: { // a property: its length, where its name is, its value
      *length = big_endian(&at[0]);
      const char *found = strings + big_endian(&at[1]), *wanted = name;
      while (*wanted && *wanted == *found) wanted++, found++;
      if (*wanted == *found) return (const uint8_t *)(at + 2);
      at += 2 + (*length + 3) / 4;
      break;
    }
    case 9: return 0; // the end
    }
  }
}

// What differs from run to run: the seed that the machine gives, and the time of day in seconds.
uint64_t entropy(const void *device_tree) {
  uint32_t length, low = RTC_TIME[0], high = RTC_TIME[1];
  uint64_t mixed = ((uint64_t)high << 32 | low) / 1000000000;
  const uint8_t *seed = property(device_tree, "rng-seed", &length);
  for (uint32_t i = 0; seed && i < length; i++) mixed = (mixed ^ seed[i]) * 0x100000001b3;
  return mixed;
}

// The number behind `name` on the command line (--append).
uint64_t boot_option(const void *device_tree, const char *name, uint64_t otherwise) {
  uint32_t length, matched = 0;
  const uint8_t *line = property(device_tree, "bootargs", &length);
  for (uint32_t i = 0; line && i < length; i++) {
    matched = line[i] == name[matched] ? matched + 1 : 0;
    if (name[matched]) continue;
    uint64_t value = 0;
    for (i++; i < length && line[i] >= '0' && line[i] <= '9'; i++) value = value * 10 + (line[i] - '0');
    return value;
  }
  return otherwise;
}

void print_char(char c) {
  while (!(UART[UART_LSR] & LSR_THRE)) {
  }
  UART[UART_DATA] = (uint8_t)c;
}

void print(const char *text) {
  for (; *text; text++) print_char(*text);
}

void print_decimal(uint64_t value) {
  if (value >= 10) print_decimal(value / 10);
  print_char((char)('0' + value % 10));
}

_Noreturn void power_off(int code) {
  *FINISHER = code ? ((uint32_t)code << 16 | 0x3333) : 0x5555;
  for (;;) __asm__ volatile("wfi");
}

_Noreturn void panic(const struct task *task) {
  print("PANIC: task ");
  print(task->name);
  print(" sleeps (flags ");
  print_decimal(task->flags);
  print(") and ");
  print_decimal(ring_count(&task->inbox));
  print(" items have waited for ");
  print_decimal((now() - task->inbox.since) / US);
  print(" us\n");
  power_off(1);
}
