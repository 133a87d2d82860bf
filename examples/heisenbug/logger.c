// The logger: a converter delivers samples at uneven times, a filter smooths them, a shell answers, and memory is scrubbed meanwhile.
#include "logger.h"

#define WINDOW 48u
#define PERIOD (2 * US)  // between two samples: at least this,
#define JITTER (100 * US) // and at most this much more
#define TABLE_WORDS 4096u

static void filter(struct ring *inbox);
static void shell(struct ring *inbox);

struct task filter_task = {.name = "filter", .run = filter};
struct task shell_task = {.name = "shell", .run = shell};

static uint64_t random_state;
static uint32_t window[WINDOW], filtered;
static uint64_t samples_wanted; // 0: no end
static uint32_t samples_taken;
static uint64_t checksum;
static uint32_t table[TABLE_WORDS];
static uint64_t table_sum;

// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)
static uint64_t random_next(void) {
  uint64_t z = random_state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Timer interrupt: the converter has a sample, and will have the next one at a time of its own.
void sample_due(void) {
  uint64_t value = random_next();
  task_post(&filter_task, (uint32_t)value & 0xfff);
  samples_taken++;
  if (samples_wanted && samples_taken == samples_wanted) timer_after(~0ul);
  else timer_after(PERIOD + (value >> 32) % JITTER);
}

static uint32_t median(void) {
  uint32_t sorted[WINDOW];
  for (unsigned i = 0; i < WINDOW; i++) {
    unsigned j = i;
    for (; j > 0 && sorted[j - 1] > window[i]; j--) sorted[j] = sorted[j - 1];
    sorted[j] = window[i];
  }
  return sorted[WINDOW / 2];
}

// The median of the last samples; where that moved far, again over what it has just settled on.
static void filter(struct ring *inbox) {
  while (ring_count(inbox)) {
    uint32_t sample = ring_get(inbox);
    window[filtered % WINDOW] = sample;
    uint32_t middle = median();
    for (uint32_t pass = sample % 7; pass; pass--) {
      window[(filtered + pass) % WINDOW] += middle & 3;
      middle = median();
    }
    checksum = (checksum ^ middle) * 0x100000001b3;
    filtered++;
  }
}

static void report(void) {
  print_decimal(filtered);
  print(" samples, checksum ");
  print_decimal(checksum >> 32);
  print(", ");
  print_decimal(now() / US);
  print(" us\n");
}

// One letter is a command.
static void shell(struct ring *inbox) {
  while (ring_count(inbox)) {
    switch (ring_get(inbox)) {
    case 's': report(); break;
    case 'q': print("stopped\n"); power_off(0);
    case '\r': case '\n': break;
    default: print("s: statistics, q: stop\n");
    }
  }
}

// What the processor does when no task is ready: looks for flipped bits.
uint64_t scrub(void) {
  static uint32_t at, sum;
  for (unsigned i = 0; i < 64; i++) sum = (sum << 1 | sum >> 31) ^ table[at + i];
  at = (at + 64) % TABLE_WORDS;
  if (at == 0) {
    if (table_sum && table_sum != sum) print("scrub: a bit has flipped\n");
    table_sum = sum;
    sum = 0;
  }
  return at;
}

int main(uint64_t hart, const void *device_tree) {
  (void)hart;
  random_state = entropy(device_tree);
  samples_wanted = boot_option(device_tree, "samples=", 200);
  print("logger: ");
  if (samples_wanted) print_decimal(samples_wanted);
  else print("endless");
  print(" samples; s: statistics, q: stop\n");
  for (unsigned i = 0; i < TABLE_WORDS; i++) table[i] = (uint32_t)random_next();
  platform_init();
  timer_after(PERIOD);
  __asm__ volatile("wfi" : : : "memory"); // the first sample starts the clock, however long all this took
  while (!samples_wanted || filtered < samples_wanted) {
    if (schedule()) continue;
    watchdog();
    scrub();
  }
  report();
  return 0;
}
