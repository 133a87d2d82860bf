/* Naive Fibonacci: calls, returns and the stack, nothing else. */
#include "bench.h"
#ifndef N
#define N 39
#endif

static u64 __attribute__((noinline, noclone)) fib(u64 n) {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

u64 bench(void) {
  return fib(N);
}
