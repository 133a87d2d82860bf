/* The Mandelbrot set: double precision in a loop that ends on a comparison. */
#include "bench.h"
#ifndef N
#define N 1700
#endif
#define DEPTH 200

u64 bench(void) {
  u64 sum = 0;
  for (int py = 0; py < N; py++)
    for (int px = 0; px < N; px++) {
      double cx = px * 3.0 / N - 2.25, cy = py * 3.0 / N - 1.5, x = 0, y = 0, xx = 0, yy = 0;
      int depth = 0;
      while (depth < DEPTH && xx + yy <= 4.0) {
        y = 2 * x * y + cy;
        x = xx - yy + cx;
        xx = x * x;
        yy = y * y;
        depth++;
      }
      sum = mix(sum, depth);
    }
  return sum;
}
