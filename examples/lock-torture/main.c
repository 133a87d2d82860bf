// Lock torture: every hart takes locks of three kinds, sends interrupts to the others and is interrupted by its timer, at random, without end.
// Each critical section checks that its hart is alone, and every few rounds one of them checks that no increment and no interrupt was lost.
// A line of progress every REPORT rounds; whatever is violated ends the run with its number as exit code.
#include <stdbool.h>
#include <stdint.h>

#define HARTS_MAX 8
#define REPORT 16384
#define LINE_BYTES 64

#define UART ((volatile uint8_t *)0x10000000)
#define UART_LSR 5
#define UART_LSR_THRE 0x20
#define FINISHER (*(volatile uint32_t *)0x100000)
#define FINISHER_FAIL 0x3333
#define CLINT 0x2000000ul
#define MSIP(hart) (((volatile uint32_t *)CLINT)[hart])
#define MTIMECMP(hart) (((volatile uint64_t *)(CLINT + 0x4000))[hart])
#define MTIME (*(volatile uint64_t *)(CLINT + 0xbff8))

#define MIP_MSIP (1ul << 3)
#define MIP_MTIP (1ul << 7)
#define MSTATUS_MIE (1ul << 3)
#define CAUSE_SOFTWARE (1ul << 63 | 3)
#define CAUSE_TIMER (1ul << 63 | 7)

enum violation { NOT_ALONE = 1, TORN, LOST_INCREMENT, LOST_INTERRUPT, LOST_ADDITION, BAD_TRAP };

enum kind { SWAP, TICKET, RESERVATION, KINDS };

struct lock {
  _Alignas(LINE_BYTES) uint32_t word;   // SWAP, RESERVATION: 1 while it is held; TICKET: the next ticket
  uint32_t serving;                     // TICKET
  // What it protects.
  volatile int32_t owner;               // hart + 1, 0 for none
  volatile uint64_t first, second;      // equal outside of critical sections
  volatile uint64_t entries[HARTS_MAX]; // their sum is `first`
};

struct hart {
  _Alignas(LINE_BYTES) uint64_t random;
  volatile uint64_t timers;
  volatile uint64_t received;           // interrupts from other harts that were counted in
  uint64_t pending;                     // sent, and not counted in yet
  uint64_t sent;                        // by all others to this hart
  volatile bool ready;
};

static struct lock locks[KINDS], console;
static struct hart harts[HARTS_MAX];
static uint64_t rounds, added;
static volatile uint64_t additions[HARTS_MAX];

#define READ_CSR(name) ({ uint64_t value_; asm volatile("csrr %0, " #name : "=r"(value_)); value_; })

static void put(const char *text) {
  for (; *text; text++) {
    while (!(UART[UART_LSR] & UART_LSR_THRE)) {}
    UART[0] = *text;
  }
}

static void put_number(uint64_t value) {
  char digits[21], *at = &digits[20];
  *at = 0;
  do *--at = '0' + value % 10;
  while (value /= 10);
  put(at);
}

static void fail(enum violation what) {
  put("violation ");
  put_number(what);
  put("\n");
  FINISHER = FINISHER_FAIL | (uint32_t)what << 16;
  for (;;) {}
}

static void pause(void) { asm volatile(".word 0x0100000f" ::: "memory"); }

// --- locks -----------------------------------------------------------------------------------------------------------------

static bool try_reservation(uint32_t *word) {
  uint32_t old, failed = 1;
  asm volatile("lr.w.aq %0, (%2)\n bnez %0, 1f\n sc.w.rl %1, %3, (%2)\n 1:" : "=&r"(old), "+&r"(failed) : "r"(word), "r"(1) : "memory");
  return old == 0 && failed == 0;
}

static void acquire(struct lock *lock, enum kind kind) {
  switch (kind) {
  case SWAP:
    while (__atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE)) pause();
    break;
  case TICKET: {
    uint32_t mine = __atomic_fetch_add(&lock->word, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != mine) pause();
    break;
  }
  default:
    // Without `pause`: whole turns are spent here.
    while (!try_reservation(&lock->word)) {}
  }
}

static void release(struct lock *lock, enum kind kind) {
  if (kind == TICKET) __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
  else __atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
}

// --- what each hart does ---------------------------------------------------------------------------------------------------------

// xorshift64
static uint32_t draw(int hart, uint32_t below) {
  uint64_t x = harts[hart].random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  harts[hart].random = x;
  return (uint32_t)(x >> 32) % below;
}

static void set_timer(int hart) { MTIMECMP(hart) = MTIME + 5 + harts[hart].timers % 41; }

__attribute__((interrupt("machine"), aligned(4))) void on_trap(void) {
  int hart = (int)READ_CSR(mhartid);
  uint64_t cause = READ_CSR(mcause);
  if (cause == CAUSE_SOFTWARE) {
    MSIP(hart) = 0;
    harts[hart].received += __atomic_exchange_n(&harts[hart].pending, 0, __ATOMIC_ACQ_REL);
  } else if (cause == CAUSE_TIMER) {
    harts[hart].timers++;
    set_timer(hart);
  } else fail(BAD_TRAP);
}

static void enter(int hart, struct lock *lock) {
  if (lock->owner != 0) fail(NOT_ALONE);
  lock->owner = hart + 1;
  if (lock->first != lock->second) fail(TORN);
  lock->first++;
  for (uint32_t delay = draw(hart, 32); delay; delay--) asm volatile("");
  // Now and then the turn goes to the others while the lock is held.
  if (draw(hart, 16) == 0) pause();
  lock->entries[hart]++;
  lock->second++;
  if (lock->owner != hart + 1) fail(NOT_ALONE);
  lock->owner = 0;
}

static void check(struct lock *lock) {
  uint64_t entries = 0;
  for (int hart = 0; hart < HARTS_MAX; hart++) entries += lock->entries[hart];
  if (entries != lock->first) fail(LOST_INCREMENT);
}

static void send(int from, int to) {
  if (to == from || !harts[to].ready) return;
  __atomic_fetch_add(&harts[to].sent, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&harts[to].pending, 1, __ATOMIC_RELEASE);
  MSIP(to) = 1;
}

// An addition without a lock, by load-reserved and store-conditional.
static void add_one(int hart) {
  uint64_t old;
  uint32_t failed;
  do asm volatile("lr.d %0, (%2)\n addi %0, %0, 1\n sc.d %1, %0, (%2)" : "=&r"(old), "=&r"(failed) : "r"(&added) : "memory");
  while (failed);
  additions[hart]++;
}

// Only lower bounds can be read while the others go on.
static void check_totals(void) {
  uint64_t least = 0;
  for (int hart = 0; hart < HARTS_MAX; hart++) least += additions[hart];
  if (__atomic_load_n(&added, __ATOMIC_SEQ_CST) < least) fail(LOST_ADDITION);
  for (int hart = 0; hart < HARTS_MAX; hart++) {
    uint64_t received = harts[hart].received;
    if (received > __atomic_load_n(&harts[hart].sent, __ATOMIC_SEQ_CST)) fail(LOST_INTERRUPT);
  }
}

static void report(uint64_t round) {
  acquire(&console, SWAP);
  uint64_t timers = 0, received = 0, ready = 0;
  for (int hart = 0; hart < HARTS_MAX; hart++) {
    timers += harts[hart].timers;
    received += harts[hart].received;
    ready += harts[hart].ready;
  }
  put("harts "), put_number(ready), put(", rounds "), put_number(round);
  put(", timers "), put_number(timers), put(", interrupts "), put_number(received), put("\n");
  release(&console, SWAP);
}

// An interrupt that was sent arrives: the sender may lose its turn in between, but not for so long.
static void wait_for_own(int hart) {
  uint64_t start = harts[hart].timers;
  while (__atomic_load_n(&harts[hart].pending, __ATOMIC_ACQUIRE)) {
    asm volatile("wfi");
    if (harts[hart].timers - start > 300) fail(LOST_INTERRUPT);
  }
}

void main(int hart) {
  harts[hart].random = 0x9e3779b97f4a7c15ul * (uint64_t)(hart + 1);
  set_timer(hart);
  asm volatile("csrw mie, %0" ::"r"(MIP_MSIP | MIP_MTIP));
  asm volatile("csrs mstatus, %0" ::"r"(MSTATUS_MIE));
  harts[hart].ready = true;
  for (;;) {
    enum kind kind = (enum kind)draw(hart, KINDS);
    struct lock *lock = &locks[kind];
    acquire(lock, kind);
    enter(hart, lock);
    if (draw(hart, 64) == 0) check(lock);
    release(lock, kind);
    add_one(hart);
    if (draw(hart, 16) == 0) send(hart, (int)draw(hart, HARTS_MAX));
    if (draw(hart, 256) == 0) wait_for_own(hart);
    if (draw(hart, 64) == 0) check_totals();
    uint64_t round = __atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
    if (round % REPORT == 0) report(round);
  }
}
