// The 16550A at 0x10000000 and the test finisher at 0x100000.
#include "hello.h"

#define UART_THR ((volatile uint8_t *)0x10000000)
#define UART_LSR ((volatile uint8_t *)0x10000005)
#define LSR_THRE 0x20
#define FINISHER ((volatile uint32_t *)0x100000)

static void print_char(char c) {
  while (!(*UART_LSR & LSR_THRE)) {
  }
  *UART_THR = (uint8_t)c;
}

void print(const char *text) {
  for (; *text; text++) print_char(*text);
}

void print_decimal(uint64_t value, int width) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  for (int i = count; i < width; i++) print_char(' ');
  while (count) print_char(digits[--count]);
}

void print_hex(uint64_t value) {
  print("0x");
  int shift = 60;
  while (shift && !(value >> shift)) shift -= 4;
  for (; shift >= 0; shift -= 4) print_char("0123456789abcdef"[(value >> shift) & 15]);
}

void print_fixed(uint64_t value, int decimals) {
  uint64_t unit = 1;
  for (int i = 0; i < decimals; i++) unit *= 10;
  print_decimal(value / unit, 1);
  print_char('.');
  for (uint64_t rest = value % unit; unit > 1; rest %= unit) {
    unit /= 10;
    print_char((char)('0' + rest / unit));
  }
}

_Noreturn void power_off(int code) {
  *FINISHER = code ? ((uint32_t)code << 16 | 0x3333) : 0x5555;
  for (;;) __asm__ volatile("wfi");
}
