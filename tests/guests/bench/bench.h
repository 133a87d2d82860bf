/* What the benchmarks share: each is one function that returns a checksum, or ends the process through die(). */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/* Prints what failed with errno's text and exits with status 1. */
_Noreturn void die(const char *what);

uint64_t bench_integer(unsigned rounds);
uint64_t bench_chase(unsigned rounds);
uint64_t bench_memcpy(unsigned rounds);
uint64_t bench_fork(unsigned rounds);
uint64_t bench_exec(unsigned rounds);
uint64_t bench_pipe(unsigned rounds);

#endif
