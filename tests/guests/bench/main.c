/*
 * The benchmarks of the guest, one static program: `bench NAME [ROUNDS]`, `bench all`, `bench` for the list.
 *
 * Prints `bench NAME begin` and `bench NAME end CHECKSUM`, so that whoever reads the console can take the time with a clock outside of the
 * guest: the guest's own may be virtual. What the guest itself measured follows as `(N ms)`. The checksum depends on name and rounds only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bench.h"

static const struct benchmark {
  const char *name;
  uint64_t (*run)(unsigned rounds);
  unsigned rounds;
  const char *what;
} benchmarks[] = {
  {"integer", bench_integer, 100000000, "steps of an xorshift generator"},
  {"chase",   bench_chase,   3000000,  "dependent loads all over 16 MB"},
  {"memcpy",  bench_memcpy,  190,       "copies of 16 MB"},
  {"fork",    bench_fork,    2000,      "forks of a child that exits at once"},
  {"exec",    bench_exec,    200,       "times fork and exec of /bin/true"},
  {"pipe",    bench_pipe,    50000,     "round trips of a byte through two pipes"},
};
#define COUNT (sizeof benchmarks / sizeof *benchmarks)

_Noreturn void die(const char *what) {
  fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void run(const struct benchmark *benchmark, unsigned rounds) {
  struct timespec start, end;
  printf("bench %s begin\n", benchmark->name);
  fflush(stdout); /* also: a child must not print it again */
  clock_gettime(CLOCK_MONOTONIC, &start);
  uint64_t checksum = benchmark->run(rounds);
  clock_gettime(CLOCK_MONOTONIC, &end);
  long long ms = (end.tv_sec - start.tv_sec) * 1000LL + (end.tv_nsec - start.tv_nsec) / 1000000;
  printf("bench %s end %016llx (%lld ms)\n", benchmark->name, (unsigned long long)checksum, ms);
  fflush(stdout);
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "";
  unsigned ran = 0;
  for (unsigned i = 0; i < COUNT; i++) {
    const struct benchmark *benchmark = &benchmarks[i];
    if (strcmp(name, benchmark->name) != 0 && strcmp(name, "all") != 0) continue;
    run(benchmark, argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : benchmark->rounds);
    ran++;
  }
  if (ran > 0) return 0;
  fprintf(stderr, "usage: bench NAME|all [ROUNDS]\n");
  for (unsigned i = 0; i < COUNT; i++) fprintf(stderr, "  %-8s %u %s\n", benchmarks[i].name, benchmarks[i].rounds, benchmarks[i].what);
  return 2;
}
