/* Copies 16 MB with an own loop, four doublewords at a time. */
#include "bench.h"
#ifndef N
#define N 180
#endif
#define WORDS (16 * 1024 * 1024 / 8)

static u64 from[WORDS], to[WORDS];

static void __attribute__((noinline)) copy(u64 *target, const u64 *source, u64 words) {
  for (u64 i = 0; i < words; i += 4) {
    u64 a = source[i], b = source[i + 1], c = source[i + 2], d = source[i + 3];
    target[i] = a;
    target[i + 1] = b;
    target[i + 2] = c;
    target[i + 3] = d;
  }
}

u64 bench(void) {
  u64 random = 7, sum = 0;
  for (u64 i = 0; i < WORDS; i++) from[i] = next_random(&random);
  for (int round = 0; round < N; round += 2) {
    copy(to, from, WORDS);
    from[round * 511 % WORDS] ^= round;
    copy(from, to + 4, WORDS - 4);
  }
  for (u64 i = 0; i < WORDS; i += 511) sum = mix(sum, to[i]);
  return sum;
}
