/* What every benchmark guest has: a `bench` of its own, and a console, an exit and a random sequence from runtime.c. */
#pragma once
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#define csr_read(name) ({ u64 value_; asm volatile("csrr %0, " #name : "=r"(value_)); value_; })
#define csr_write(name, value) asm volatile("csrw " #name ", %0" : : "r"((u64)(value)) : "memory")

/* The measured work; returns its checksum. */
u64 bench(void);

void print_text(const char *text);
void print_hex(u64 value);
void print_decimal(u64 value);
void power_off(void) __attribute__((noreturn));

/* xorshift64*: the same sequence on every host. */
static inline u64 next_random(u64 *state) {
  u64 x = *state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *state = x;
  return x * 0x2545f4914f6cdd1dul;
}

static inline u64 mix(u64 sum, u64 value) {
  sum = (sum ^ value) * 0x9e3779b97f4a7c15ul;
  return sum ^ (sum >> 29);
}
