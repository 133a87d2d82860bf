/* A bytecode interpreter, once with a table of functions and once with a switch: indirect calls and jumps. */
#include "bench.h"
#ifndef N
#define N 15000000
#endif
#define PROGRAM 64
#define OPS 8

struct machine {
  u64 a, b, acc, count;
};
struct insn {
  u8 op;
  u8 operand;
};

static struct insn program[PROGRAM];
static u64 memory[256];

#define NOINLINE static void __attribute__((noinline))
NOINLINE op_add(struct machine *m, u8 x) { m->acc += m->a + x; }
NOINLINE op_xor(struct machine *m, u8 x) { m->acc ^= m->b << (x & 31); }
NOINLINE op_mul(struct machine *m, u8 x) { m->acc *= x | 1; }
NOINLINE op_load(struct machine *m, u8 x) { m->a = memory[x]; }
NOINLINE op_store(struct machine *m, u8 x) { memory[x] = m->acc; }
NOINLINE op_swap(struct machine *m, u8 x) { u64 t = m->a + x; m->a = m->b; m->b = t; }
NOINLINE op_rotate(struct machine *m, u8 x) { m->acc = m->acc << (x & 63) | m->acc >> (-x & 63); }
NOINLINE op_count(struct machine *m, u8 x) { m->count += x + (m->acc & 1); }

static void (*const handlers[OPS])(struct machine *, u8) = {op_add, op_xor, op_mul, op_load, op_store, op_swap, op_rotate, op_count};

static void run_calls(struct machine *m, u32 steps) {
  for (u32 i = 0; i < steps; i++) {
    struct insn insn = program[i % PROGRAM];
    handlers[insn.op](m, insn.operand);
  }
}

static void run_switch(struct machine *m, u32 steps) {
  for (u32 i = 0; i < steps; i++) {
    struct insn insn = program[i % PROGRAM];
    u8 x = insn.operand;
    switch (insn.op) {
      case 0: m->acc += m->a + x; break;
      case 1: m->acc ^= m->b << (x & 31); break;
      case 2: m->acc *= x | 1; break;
      case 3: m->a = memory[x]; break;
      case 4: memory[x] = m->acc; break;
      case 5: { u64 t = m->a + x; m->a = m->b; m->b = t; break; }
      case 6: m->acc = m->acc << (x & 63) | m->acc >> (-x & 63); break;
      case 7: m->count += x + (m->acc & 1); break;
    }
  }
}

u64 bench(void) {
  u64 random = 31337;
  struct machine m = {1, 2, 3, 0};
  for (int i = 0; i < PROGRAM; i++) {
    program[i].op = next_random(&random) >> 61;
    program[i].operand = next_random(&random) >> 56;
  }
  for (int round = 0; round < 4; round++) {
    run_calls(&m, N);
    run_switch(&m, N);
  }
  return mix(mix(m.acc, m.a), mix(m.b, m.count));
}
