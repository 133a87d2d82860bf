/* A random cycle through 16 MB, one node a cache line: host cache misses and soft-TLB misses. */
#include "bench.h"
#ifndef N
#define N 35
#endif
#define COUNT (16 * 1024 * 1024 / 64)

struct node {
  struct node *next;
  u64 value;
  u64 padding[6];
};
static struct node nodes[COUNT];

u64 bench(void) {
  u64 random = 99, sum = 0;
  /* Sattolo's shuffle of the links gives one cycle through all nodes. */
  for (u32 i = 0; i < COUNT; i++) {
    nodes[i].next = &nodes[i];
    nodes[i].value = i;
  }
  for (u32 i = COUNT - 1; i > 0; i--) {
    u32 j = next_random(&random) % i;
    struct node *t = nodes[i].next;
    nodes[i].next = nodes[j].next;
    nodes[j].next = t;
  }
  struct node *node = nodes;
  for (int round = 0; round < N; round++)
    for (u32 i = 0; i < COUNT; i++) {
      sum = sum * 3 + node->value;
      node = node->next;
    }
  return mix(sum, node - nodes);
}
