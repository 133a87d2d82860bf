/* Sieve of Eratosthenes over bytes: strided stores, short loops. */
#include "bench.h"
#ifndef N
#define N 360
#endif
#define LIMIT 1000000

static u8 composite[LIMIT];

static u64 sieve(void) {
  u64 sum = 0;
  for (u32 i = 0; i < LIMIT; i++) composite[i] = 0;
  for (u32 i = 2; i < LIMIT; i++) {
    if (composite[i]) continue;
    sum += i;
    for (u64 j = (u64)i * i; j < LIMIT; j += i) composite[j] = 1;
  }
  return sum;
}

u64 bench(void) {
  u64 sum = 0;
  for (int i = 0; i < N; i++) sum = mix(sum, sieve());
  return sum;
}
