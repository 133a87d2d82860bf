/* Benchmarks that stay in user mode: an integer loop, a pointer chase and copies of memory. */
#include <stdlib.h>
#include <string.h>
#include "bench.h"

#define AREA_BYTES (16u << 20)
#define NODE_BYTES 64u
#define NODES (AREA_BYTES / NODE_BYTES)

/* Marsaglia's xorshift64*, with a multiplication and a data-dependent branch a step. */
uint64_t bench_integer(unsigned rounds) {
  uint64_t state = 88172645463325252u, sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    uint64_t value = state * 2685821657736338717u;
    if (value >> 63) sum += value >> 32;
    else sum ^= value;
  }
  return sum;
}

/* One cycle through all nodes, in the order of a linear congruence of full period: every load misses a small TLB. */
uint64_t bench_chase(unsigned rounds) {
  char *area = malloc(AREA_BYTES);
  if (!area) die("malloc");
  unsigned at = 0;
  for (unsigned i = 0; i < NODES; i++) {
    unsigned next = (at * 1664525u + 1013904223u) % NODES;
    *(void **)(area + (size_t)at * NODE_BYTES) = area + (size_t)next * NODE_BYTES;
    at = next;
  }
  char *node = area;
  for (unsigned i = 0; i < rounds; i++) node = *(char **)node;
  uint64_t offset = (uint64_t)(node - area);
  free(area);
  return offset;
}

uint64_t bench_memcpy(unsigned rounds) {
  unsigned char *from = malloc(AREA_BYTES), *to = malloc(AREA_BYTES);
  if (!from || !to) die("malloc");
  memset(to, 0, AREA_BYTES);
  for (unsigned i = 0; i < AREA_BYTES; i++) from[i] = (unsigned char)(i * 167u >> 3);
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    from[i % AREA_BYTES] ^= (unsigned char)i;
    memcpy(to, from, AREA_BYTES);
    sum = sum * 31 + to[(i * 4099u) % AREA_BYTES];
  }
  free(from);
  free(to);
  return sum;
}
