/*
 * How long a cache line takes from one processor to another and back: two threads, on processors 0
 * and 1, hand a number to and fro. Behind one L3 cache that is 100 to 200 ns, behind two of them
 * several times as long; and a virtual machine's processors may be moved from the one to the other
 * while it runs. Whatever one processor writes and the other reads takes longer then, which is
 * worth knowing beside a figure.
 *
 *     build/bench/roundtrip [SECONDS]    one line a second, one line without SECONDS
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TURNS = 20000, PASSES = 10, LINE = 128, MOST_SECONDS = 86400 };

static _Alignas(LINE) atomic_int ball;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Whether the calling thread may stay on this processor. */
static int stay_on(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

/* Waits for each odd number and answers with the even one behind it. */
static void *answer(void *placed)
{
    *(int *)placed = stay_on(1);
    for (int i = 0; i < TURNS; i++) {
        while (atomic_load_explicit(&ball, memory_order_acquire) != 2 * i + 1)
            ;
        atomic_store_explicit(&ball, 2 * i + 2, memory_order_release);
    }
    return NULL;
}

/* Nanoseconds of a round trip, or a negative number where there are no two processors. */
static double round_trip(void)
{
    pthread_t other;
    int placed = 0;
    atomic_store(&ball, 0);
    if (!stay_on(0) || pthread_create(&other, NULL, answer, &placed) != 0)
        return -1.0;
    const double begin = now();
    for (int i = 0; i < TURNS; i++) {
        atomic_store_explicit(&ball, 2 * i + 1, memory_order_release);
        while (atomic_load_explicit(&ball, memory_order_acquire) != 2 * i + 2)
            ;
    }
    const double end = now();
    pthread_join(other, NULL);
    return placed ? (end - begin) / TURNS : -1.0;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    char *rest = NULL;
    const long seconds = argc > 1 ? strtol(argv[1], &rest, 10) : 1;
    if (argc > 2 || (argc > 1 && (*rest || rest == argv[1])) || seconds < 1 ||
        seconds > MOST_SECONDS) {
        fprintf(stderr, "roundtrip: \"%s\" is no number of seconds from 1 to %d\n",
                argc > 1 ? argv[argc - 1] : "", MOST_SECONDS);
        return EXIT_FAILURE;
    }
    for (long s = 0; s < seconds; s++) {
        double ns[PASSES];
        for (int i = 0; i < PASSES; i++)
            ns[i] = round_trip();
        qsort(ns, PASSES, sizeof *ns, ascending);
        if (ns[0] < 0.0) {
            fprintf(stderr, "roundtrip: there are no processors 0 and 1 to run on\n");
            return EXIT_FAILURE;
        }
        printf("round trip %.0f ns (least %.0f, most %.0f)\n", ns[PASSES / 2], ns[0],
               ns[PASSES - 1]);
        fflush(stdout);
        if (s + 1 < seconds)
            nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    return EXIT_SUCCESS;
}
