/*
 * What the tests of lib/symbols read the debugging information of. The assembly files beside it are what a compiler made of it, so that
 * an assembler and a linker are enough; they are made by: make -C tests/symbols/guest
 */
#include "counter.h"

typedef unsigned short u16;
enum state { IDLE = 0, BUSY = 7 };
struct item {
	struct item *next;
	int value;
};

unsigned counter = 3;
static volatile signed char level = -2;
u16 limits[4] = { 1, 2, 3, 4 };
int grid[2][3];
enum state state = BUSY;
_Bool ready = 1;
const char *message = "hello";
struct item first = { 0, 40 };
struct item *head = &first;
extern long total;
long total = -5;
float ratio = 0.5f;

static int sum(const struct item *item)
{
	int result = 0;

	for (; item; item = item->next)
		result += item->value;
	return result;
}

__attribute__((noinline)) unsigned count(unsigned by)
{
	counter += by;
	level--;
	return mix(counter, by);
}

void _start(void)
{
	for (unsigned i = 0; i < 10; i++) {
		total += count(i);
		grid[i & 1][i % 3] = sum(head) + mix(i, limits[i & 3]);
	}
	for (;;)
		;
}
