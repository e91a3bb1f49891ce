/*
 * The clock. A sample is the mean of as many runs, one behind the other and finished together, as
 * fill a given time: launches overlap as they do in a program, and the clock's own grain does not
 * matter. What is reported of several samples is their best, median and worst.
 */
#include "bench.h"

#include <stdlib.h>
#include <time.h>

static const double SLOW = 2; /* seconds of one run */

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static clcnn_status time_runs(bench_subject *subject, int count, double *seconds,
                              clcnn_error *error)
{
    const double begin = bench_now();
    const clcnn_status status = subject->run(subject, count, error);
    *seconds = bench_now() - begin;
    return status;
}

clcnn_status bench_sample(bench_subject *subject, double seconds, double *ms, clcnn_error *error)
{
    enum { MOST = 1 << 20 };
    double took;
    clcnn_status status = time_runs(subject, 1, &took, error); /* builds, and warms up */
    int count = 1;
    if (took >= SLOW) {
        *ms = took * 1e3;
        return status;
    }
    while (status == CLCNN_SUCCESS) {
        status = time_runs(subject, count, &took, error);
        if (took >= seconds || count >= MOST)
            break;
        /* A little more than seems to be needed, and no leap that a hiccup would make too far. */
        const double wanted = took > 0 ? 1.2 * count * seconds / took : MOST;
        const double next = wanted < 16.0 * count ? wanted : 16.0 * count;
        count = next < MOST ? (int)next + 1 : MOST;
    }
    *ms = took * 1e3 / count;
    return status;
}

void bench_add(bench_samples *samples, double value)
{
    if (samples->count < BENCH_MAX_ROUNDS)
        samples->values[samples->count++] = value;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bench_summary bench_summarise(bench_samples *samples)
{
    const int count = samples->count;
    const double *v = samples->values;
    qsort(samples->values, (size_t)count, sizeof *v, by_value);
    return (bench_summary){
        .best = v[0], .median = (v[(count - 1) / 2] + v[count / 2]) / 2, .worst = v[count - 1]};
}

bool bench_is_slow(const bench_samples *samples)
{
    return samples->count > 0 && samples->values[0] >= SLOW * 1e3;
}
