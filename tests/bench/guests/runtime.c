/* Console (16550 UART, polled), power-off (SiFive test finisher) and `main` of the benchmark guests. */
#include "bench.h"

#define UART ((volatile u8 *)0x10000000)
#define UART_LSR 5
#define LSR_THRE 0x20
#define FINISHER ((volatile u32 *)0x100000)
#define FINISHER_PASS 0x5555

static void print_char(char c) {
  while (!(UART[UART_LSR] & LSR_THRE)) {
  }
  UART[0] = c;
}

void print_text(const char *text) {
  while (*text) print_char(*text++);
}

void print_hex(u64 value) {
  for (int shift = 60; shift >= 0; shift -= 4) print_char("0123456789abcdef"[value >> shift & 15]);
}

void print_decimal(u64 value) {
  if (value >= 10) print_decimal(value / 10);
  print_char('0' + value % 10);
}

void power_off(void) {
  *FINISHER = FINISHER_PASS;
  for (;;) {
  }
}

void bench_main(void) {
  u64 before = csr_read(minstret);
  u64 sum = bench();
  u64 count = csr_read(instret) - before;
  print_text("checksum ");
  print_hex(sum);
  print_text("\ninstructions ");
  print_decimal(count);
  print_text("\n");
  power_off();
}
