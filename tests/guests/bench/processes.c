/* Benchmarks of system calls, page faults and address-space switches: forks, fork and exec, two processes that play ping-pong. */
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

/* Waits for a child that was expected to end with the given status. */
static void reap(pid_t child, int expected) {
  int status;
  if (waitpid(child, &status, 0) != child) die("waitpid");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != expected) die("a child failed");
}

uint64_t bench_fork(unsigned rounds) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    int status = (int)(i % 100);
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) _exit(status);
    reap(child, status);
    sum += (uint64_t)status;
  }
  return sum;
}

uint64_t bench_exec(unsigned rounds) {
  for (unsigned i = 0; i < rounds; i++) {
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
      execl("/bin/true", "true", (char *)0);
      _exit(127);
    }
    reap(child, 0);
  }
  return rounds;
}

uint64_t bench_pipe(unsigned rounds) {
  int there[2], back[2];
  if (pipe(there) < 0 || pipe(back) < 0) die("pipe");
  pid_t child = fork();
  if (child < 0) die("fork");
  unsigned char byte = 0;
  if (child == 0) {
    for (unsigned i = 0; i < rounds; i++) {
      if (read(there[0], &byte, 1) != 1) _exit(1);
      byte = (unsigned char)(byte * 5 + 1);
      if (write(back[1], &byte, 1) != 1) _exit(1);
    }
    _exit(0);
  }
  uint64_t sum = 0;
  for (unsigned i = 0; i < rounds; i++) {
    if (write(there[1], &byte, 1) != 1) die("write");
    if (read(back[0], &byte, 1) != 1) die("read");
    sum = sum * 31 + byte;
  }
  reap(child, 0);
  for (int i = 0; i < 2; i++) {
    close(there[i]);
    close(back[i]);
  }
  return sum;
}
