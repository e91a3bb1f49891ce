/* What clcnn bench tells: rows of a table, or lines of JSON, and at the end a summary. */
#ifndef CLCNN_TOOL_BENCH_REPORT_H
#define CLCNN_TOOL_BENCH_REPORT_H

#include "bench.h"
#include "tool.h"

/* Who runs a case: clcnn by one of its algorithms, or a peer. */
typedef struct bench_contestant {
    const char *peer; /* NULL: clcnn */
    const char *algo; /* asked for; NULL: the default's choice */
    bool packed;
    bench_subject *subject; /* of clcnn */
    bench_peer *program;    /* of a peer; NULL: missing */
    const char *device, *version;
    char used[64];   /* the algorithm that ran */
    char note[1200]; /* why there is no result; "" when there is one */
    double checksum; /* NaN: unknown */
    bench_samples samples;
} bench_contestant;

/* One case in one direction, by everybody. */
typedef struct bench_result {
    const bench_case *c;
    const char *direction;
    bench_work work;
    double ceiling; /* in the unit of the work; 0: none */
    bool on_host;   /* the device is a CPU, and its ceiling holds for peers too */
    bench_contestant *contestants;
    int count;
} bench_result;

void bench_print_header(void);
/* To stdout; the exit code. */
int bench_print_result(const char *command, bench_result *result, bool json);

/* Where the time of one run went: what is missing from the sum is the host's, and waiting. */
void bench_print_profile(const bench_case *c, const char *direction, const bench_profile *profile);

/* How much faster clcnn was than each peer, over everything that was measured. */
typedef struct bench_score {
    const char *peer;
    int count;
    double logarithms; /* sum over the speed-ups */
    double least;
    char where[128]; /* case and direction of the least */
} bench_score;
/* By medians: the peer's time over that of clcnn's own choice. 0: one of them has none. */
double bench_speedup(bench_result *result, int contestant);
void bench_score_add(bench_score *score, double speedup, const bench_result *result);
void bench_print_scores(const bench_score *scores, int count);

/* bench_start.c: the whole suite `start`, which opens the device itself. An exit code. */
int bench_start_suite(const char *device, bool json);

#endif
