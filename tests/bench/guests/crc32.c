/* CRC-32 (IEEE 802.3), one table look-up per byte: a chain of dependent loads in one small loop. */
#include "bench.h"
#ifndef N
#define N 4200
#endif
#define SIZE 65536

static u32 table[256];
static u8 data[SIZE];

u64 bench(void) {
  u64 random = 88172645463325252ul;
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
    table[i] = c;
  }
  for (int i = 0; i < SIZE; i++) data[i] = next_random(&random) >> 56;
  u32 crc = 0xffffffffu;
  for (int round = 0; round < N; round++)
    for (int i = 0; i < SIZE; i++) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
  return crc;
}
