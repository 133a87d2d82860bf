/* Product of 32-bit integer matrices: three nested loops, multiply and add. */
#include "bench.h"
#ifndef N
#define N 180
#endif
#define SIZE 160

static int a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

static void multiply(void) {
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      int sum = 0;
      for (int k = 0; k < SIZE; k++) sum += a[i][k] * b[k][j];
      c[i][j] = sum;
    }
}

u64 bench(void) {
  u64 random = 12345, sum = 0;
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      a[i][j] = next_random(&random) >> 40;
      b[i][j] = next_random(&random) >> 40;
    }
  for (int round = 0; round < N; round++) {
    multiply();
    for (int i = 0; i < SIZE; i++) sum = mix(sum, (u32)c[i][i]);
    a[round % SIZE][3] ^= sum;
  }
  return sum;
}
