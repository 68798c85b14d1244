/* Threads that take the steps of one member together: each has its part of everything, and they
 * meet where a part needs what others made. What belongs to whom changes no bit: no sum is shared.
 *
 * Who waits looks again and again for a moment, as the others are about to come, then lets others
 * run, then sleeps: on a machine that others work on too, a core is not held by waiting.
 */

#include <sched.h>
#include <time.h>

enum { LOOKS = 4000, YIELDS = 50, NAP = 20000 /* ns */ };

typedef struct {
    int32_t size;
    int32_t arrived; /* of them, where they meet next, */
    int32_t met;     /* how often they did, */
    int32_t taken;   /* and how many tasks were taken since. */
} team;

/* A part of something: of units, rows, numbers. */
typedef struct { int64_t begin, end; } part;

static void wait_for(team *all) {
    int32_t met = __atomic_load_n(&all->met, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&all->arrived, 1, __ATOMIC_ACQ_REL) == all->size) {
        all->arrived = all->taken = 0;
        __atomic_store_n(&all->met, met + 1, __ATOMIC_RELEASE);
        return;
    }
    const struct timespec nap = {0, NAP};
    for (int look = 0; __atomic_load_n(&all->met, __ATOMIC_ACQUIRE) == met; look++) {
        if (look < LOOKS) RELAX();
        else if (look < LOOKS + YIELDS) sched_yield();
        else nanosleep(&nap, 0);
    }
}

/* Wait for everyone; none is a member alone. */
INLINE void meet(team *all) {
    if (all) wait_for(all);
}

/* The part of so many that is one thread's, in whole grains but for the last. */
INLINE part part_of(const team *all, int64_t rank, int64_t count, int64_t grain) {
    if (!all) return (part){0, count};
    int64_t grains = (count + grain - 1) / grain;
    return (part){least(rank * grains / all->size * grain, count),
            least((rank + 1) * grains / all->size * grain, count)};
}

/* Whether a thread is the last of all: who has what the first has not. */
INLINE int is_last(const team *all, int64_t rank) { return !all || rank == all->size - 1; }

/* The number of a task that nobody has taken since they met: whoever is free takes the next. A
 * member alone counts them itself, from `own` on. */
INLINE int64_t next_task(team *all, int64_t own) {
    return all ? __atomic_fetch_add(&all->taken, 1, __ATOMIC_RELAXED) : own;
}
