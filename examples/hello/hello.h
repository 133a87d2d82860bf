// A bare-metal guest for riscv-virt: prints, measures, traps, powers off.
#pragma once
#include <stdint.h>

// console.c
void print(const char *text);
void print_decimal(uint64_t value, int width);
void print_hex(uint64_t value);
void print_fixed(uint64_t value, int decimals); // value / 10^decimals
_Noreturn void power_off(int code);

// kernels.c: each returns a figure that main.c knows
uint64_t sieve(void);
uint64_t matrix(void);
uint64_t fibonacci(void);
uint64_t pi_double(void);
uint64_t pi_single(void);
