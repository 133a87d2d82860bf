// A data logger's kernel for riscv-virt: tasks that run to completion, woken by interrupt handlers through rings.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define US 10 // timebase ticks of `time` in a microsecond

#define MSTATUS_MIE 0x8

#define csr_read(name) ({ uint64_t value; __asm__ volatile("csrr %0, " #name : "=r"(value) : : "memory"); value; })
#define csr_write(name, value) __asm__ volatile("csrw " #name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define csr_set(name, bits) __asm__ volatile("csrs " #name ", %0" : : "r"((uint64_t)(bits)) : "memory")

// Masks interrupts; the result tells irq_restore whether they had been on.
static inline uint64_t irq_save(void) {
  uint64_t before;
  __asm__ volatile("csrrci %0, mstatus, 8" : "=r"(before) : : "memory");
  return before & MSTATUS_MIE;
}
static inline void irq_restore(uint64_t before) { csr_set(mstatus, before); }

// task.c
#define TASK_READY 1u   // wants to run; set by interrupt handlers
#define TASK_RUNNING 2u // is running; set and cleared by the scheduler
#define RING_SIZE 64u

// What an interrupt handler hands to a task. One writer, one reader: the indices need no lock.
struct ring {
  uint32_t head, tail; // written by the handler; read by the task
  uint64_t since;      // when it became non-empty
  uint32_t items[RING_SIZE];
};

struct task {
  uint32_t flags;
  const char *name;
  void (*run)(struct ring *inbox);
  uint64_t runs;
  struct ring inbox;
};

extern struct task filter_task, shell_task;

static inline uint32_t ring_count(const struct ring *ring) {
  return *(volatile uint32_t *)&ring->head - *(volatile uint32_t *)&ring->tail;
}
void task_post(struct task *task, uint32_t item); // by interrupt handlers: puts the item into the inbox, wakes the task
uint32_t ring_get(struct ring *ring);             // by the task: the ring must not be empty
bool schedule(void);                              // runs the first ready task; false if there was none

// logger.c
void sample_due(void); // timer interrupt
void watchdog(void);
uint64_t scrub(void);

// platform.c: UART, CLINT, PLIC, RTC, device tree
void platform_init(void);
uint64_t entropy(const void *device_tree);
uint64_t boot_option(const void *device_tree, const char *name, uint64_t otherwise);
uint64_t now(void);             // in units of 100 ns
void timer_after(uint64_t delay); // likewise
void print(const char *text);
void print_char(char c);
void print_decimal(uint64_t value);
_Noreturn void power_off(int code);
_Noreturn void panic(const struct task *task);
