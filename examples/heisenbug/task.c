// Tasks and their inboxes. A task runs to completion when it is READY; interrupt handlers make it so.
#include "logger.h"

static struct task *const tasks[] = {&shell_task, &filter_task};
#define TASKS (sizeof tasks / sizeof *tasks)

// The task is woken when its inbox stops being empty, not for each item: it empties its inbox before it returns.
void task_post(struct task *task, uint32_t item) {
  struct ring *inbox = &task->inbox;
  uint32_t count = ring_count(inbox);
  if (count == RING_SIZE) return; // full: the item is lost, as on the wire
  inbox->items[inbox->head % RING_SIZE] = item;
  inbox->head++;
  if (count == 0) {
    inbox->since = now();
    task->flags |= TASK_READY;
  }
}

uint32_t ring_get(struct ring *ring) {
  uint32_t item = ring->items[ring->tail % RING_SIZE];
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  ring->tail++;
  return item;
}

// READY belongs to the interrupt handlers as well, so it is taken with interrupts masked.
static bool task_take(struct task *task) {
  uint64_t before = irq_save();
  bool ready = task->flags & TASK_READY;
  if (ready) {
    task->flags = (task->flags & ~TASK_READY) | TASK_RUNNING;
    task->runs++;
  }
  irq_restore(before);
  return ready;
}

// RUNNING is the scheduler's own: no handler ever touches it, so there is no need to keep them out.
static __attribute__((noinline)) void task_done(struct task *task) {
  task->flags &= ~TASK_RUNNING;
}

bool schedule(void) {
  for (unsigned i = 0; i < TASKS; i++) {
    if (!task_take(tasks[i])) continue;
    tasks[i]->run(&tasks[i]->inbox);
    task_done(tasks[i]);
    return true;
  }
  return false;
}

// Nothing waits longer than this in the inbox of a task that works.
#define PATIENCE (5000 * US)

void watchdog(void) {
  for (unsigned i = 0; i < TASKS; i++) {
    uint64_t before = irq_save();
    const struct ring *inbox = &tasks[i]->inbox;
    bool stuck = ring_count(inbox) > 0 && now() - inbox->since > PATIENCE;
    if (stuck) panic(tasks[i]);
    irq_restore(before);
  }
}
