// Small computations with known results.
#include "hello.h"

#define LIMIT 1000000
#define SIZE 96

static uint8_t composite[LIMIT + 1];
static int32_t a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

// The number of primes up to a million.
uint64_t sieve(void) {
  uint64_t count = 0;
  for (uint32_t i = 0; i <= LIMIT; i++) composite[i] = 0;
  for (uint32_t i = 2; i <= LIMIT; i++) {
    if (composite[i]) continue;
    count++;
    for (uint32_t j = i * 2; j <= LIMIT; j += i) composite[j] = 1;
  }
  return count;
}

// The trace of the product of a[i][j] = i + j and b[i][j] = i + 2j.
uint64_t matrix(void) {
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      a[i][j] = i + j;
      b[i][j] = i + 2 * j;
    }
  }
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      int32_t sum = 0;
      for (int k = 0; k < SIZE; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
  }
  uint64_t trace = 0;
  for (int i = 0; i < SIZE; i++) trace += (uint32_t)c[i][i];
  return trace;
}

static __attribute__((noinline)) uint64_t fib(uint64_t n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

uint64_t fibonacci(void) {
  return fib(27);
}

// Pi to nine decimals: the area under 4 / (1 + x^2), by the midpoint rule.
uint64_t pi_double(void) {
  const int steps = 500000;
  double sum = 0;
  for (int i = 0; i < steps; i++) {
    double x = (i + 0.5) / steps;
    sum += 4.0 / (1.0 + x * x);
  }
  return (uint64_t)(sum / steps * 1e9 + 0.5);
}

// The same with singles, to four decimals.
uint64_t pi_single(void) {
  const int steps = 4096;
  float sum = 0;
  for (int i = 0; i < steps; i++) {
    float x = ((float)i + 0.5f) / (float)steps;
    sum += 4.0f / (1.0f + x * x);
  }
  return (uint64_t)(sum / (float)steps * 1e4f + 0.5f);
}
