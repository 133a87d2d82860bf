/* Quicksort (Hoare's partition) of 64-bit numbers: branches that nothing predicts. */
#include "bench.h"
#ifndef N
#define N 18
#endif
#define COUNT 1000000

static long data[COUNT];

static void sort(long *low, long *high) {
  while (low < high) {
    long pivot = low[(high - low) / 2], *i = low - 1, *j = high + 1;
    for (;;) {
      while (*++i < pivot) {
      }
      while (*--j > pivot) {
      }
      if (i >= j) break;
      long t = *i;
      *i = *j;
      *j = t;
    }
    sort(low, j);
    low = j + 1;
  }
}

u64 bench(void) {
  u64 random = 4711, sum = 0;
  for (int round = 0; round < N; round++) {
    for (int i = 0; i < COUNT; i++) data[i] = next_random(&random);
    sort(data, data + COUNT - 1);
    for (int i = 1; i < COUNT; i += 997) sum = mix(sum, data[i] - (u64)data[i - 1]);
  }
  return sum;
}
