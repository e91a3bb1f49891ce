/*
 * Measuring: cases of known work, run on a device or by somebody else, against what the device can
 * do at all. The command `clcnn bench` and the peers of bench/peers/ are built on this.
 *
 * A case is an operation with its sizes (or a network), and a direction of it. A subject is a case
 * laid out in memory, ready to run again and again. The order of the files: cases, ops (what is
 * called), subject and net (who runs it), measure (the clock), profile (the device's), probe (its
 * ceiling), peers
 * (programs that are asked), text (cases as JSON), stats, plot.
 */
#ifndef CLCNN_BENCH_H
#define CLCNN_BENCH_H

#include "check.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* ---------------------------------------------------------------------------------------------
 * cases.c: what is measured
 */
typedef struct bench_case {
    const char *name;  /* NULL ends a table */
    const char *suite; /* a word of bench_suites */
    const char *op;    /* of bench_ways, or a network's preset */
    check_desc desc;
    int images;        /* of a network: in one epoch */
    const char *only;  /* the one direction that is measured; NULL: all */
    const char *moves; /* in place of bench_way.moves, where the descriptor makes a difference */
    bool rounded;      /* results differ in their last bits from one machine to the next */
} bench_case;

/* A convolution of square images with square filters, padded by as much on each side. */
#define BENCH_CONV2D(N, C, HW, K, RS, STRIDE, PAD, DILATION, GROUPS)                               \
    {                                                                                              \
        .n = N, .c = C, .h = HW, .w = HW, .k = K, .r = RS, .s = RS, .pad_top = PAD,                \
        .pad_left = PAD, .pad_bottom = PAD, .pad_right = PAD, .stride_h = STRIDE,                  \
        .stride_w = STRIDE, .dilation_h = DILATION, .dilation_w = DILATION, .groups = GROUPS       \
    }

extern const bench_case bench_cases[];
/* The suites' names, ended by NULL; "all" stands for those before it; of those behind it, `start`
 * has no cases (start.c). */
extern const char *const bench_suites[];
bool bench_in_suite(const bench_case *c, const char *suite);
const bench_case *bench_case_find(const char *name);

/* ---------------------------------------------------------------------------------------------
 * ops.c: how a direction of an operation is called, and what it moves and computes
 */
enum { BENCH_MAX_TENSORS = 8 };

/* What limits a case, and so what its result is given in. */
typedef enum bench_unit { BENCH_GFLOPS, BENCH_GBS, BENCH_IMAGES } bench_unit;
extern const char *const bench_unit_names[]; /* "GFLOP/s" ... */

typedef struct bench_call {
    clcnn_ctx *ctx;
    const check_desc *desc;
    const clcnn_plan *plan;
    clcnn_mem t[BENCH_MAX_TENSORS]; /* as bench_way.tensors */
} bench_call;

typedef struct bench_way {
    const char *op, *direction; /* op NULL ends the table */
    clcnn_direction plan_direction;
    const char *tensors[BENCH_MAX_TENSORS + 1]; /* by the names that check_op knows, NULL-ended */
    const char *moves;  /* tensors that have to be read or written, once each time that they are
                           named; for NULL the work is counted in operations */
    const char *result; /* the tensor whose values peers must agree on; NULL: not compared, because
                           results are rounded or depend on the step */
    clcnn_status (*run)(const bench_call *call);   /* NULL: as the check calls it */
    clcnn_status (*first)(const bench_call *call); /* once, before any run; NULL: nothing */
    bool packs;                                    /* with packed weights as well */
} bench_way;

extern const bench_way bench_ways[];
/* NULL where there is none. */
const bench_way *bench_way_find(const char *op, const char *direction);

size_t bench_tensor_count(const bench_way *way, const check_desc *desc, const char *tensor);
/* What every contestant's tensors hold. Small integers, so that a convolution's sums are exact in
 * any order; positive where the operation takes a root. */
void bench_fill(const char *tensor, size_t count, float *values);
/*
 * A sum over values with a weight for each place: equal for equal results. With `off`, these are
 * integers: where an algorithm rounds on its way to them, what it has is taken for the nearest, but
 * for what is further from it than BENCH_OFF, which counts as it is and spoils the sum. *off is the
 * furthest that a value is from an integer.
 */
#define BENCH_OFF 0.25
double bench_checksum(const float *values, size_t count, double *off);
/* Whether results are sums of products, which an algorithm may round. */
bool bench_is_sum(const bench_way *way);
/* Whether every partial sum of one is an integer that a float holds, in whatever order. */
bool bench_is_integral(const bench_way *way, const check_desc *desc);

typedef struct bench_work {
    double flop;   /* of a convolution: two for each multiplication; else 0 */
    double bytes;  /* that have to be moved at least */
    double images; /* of a network, else 0 */
} bench_work;

/* way NULL: a network. */
bench_work bench_work_of(const bench_case *c, const bench_way *way);
bench_unit bench_unit_of(const bench_work *work);
/* In that unit, of one run that takes `ms`. */
double bench_rate(const bench_work *work, double ms);

/* ---------------------------------------------------------------------------------------------
 * subject.c and net.c: a case in memory. What can go wrong is in *error.
 */
typedef struct bench_subject bench_subject;

/* What runs. `run` does it `count` times and waits for the end. */
struct bench_subject {
    clcnn_status (*run)(bench_subject *self, int count, clcnn_error *error);
    clcnn_status (*checksum)(bench_subject *self, double *sum, clcnn_error *error); /* or NULL */
    void (*destroy)(bench_subject *self);
    const char *algo; /* static storage */
    double workspace; /* bytes */
    double off;       /* how far its checksum found a sum from an integer */
};

typedef struct bench_request {
    clcnn_ctx *ctx;
    const bench_case *c;
    const bench_way *way;  /* NULL: a network */
    const char *direction; /* "training" or "inference" of a network, else way->direction */
    const char *algo;      /* NULL: the default's choice */
    bool packed;           /* weights packed beforehand, through the plan */
} bench_request;

/* On the ctx's device, by clcnn. *subject is NULL on failure. */
clcnn_status bench_subject_create(const bench_request *request, bench_subject **subject,
                                  clcnn_error *error);
clcnn_status bench_net_create(const bench_request *request, bench_subject **subject,
                              clcnn_error *error);
/* On the host, by the reference. */
clcnn_status bench_reference_create(const bench_request *request, bench_subject **subject,
                                    clcnn_error *error);
void bench_subject_destroy(bench_subject *subject);

/* ---------------------------------------------------------------------------------------------
 * profile.c: which kernels the time of one run goes to, by the device's clock
 */
enum { BENCH_MAX_KERNELS = 64 };
typedef struct bench_profile_row {
    char kernel[64];
    int launches;
    double ms;
} bench_profile_row;

typedef struct bench_profile {
    double ms;        /* of the run, by the wall clock */
    double kernel_ms; /* of all kernels */
    int count;
    bench_profile_row rows[BENCH_MAX_KERNELS]; /* the longest first */
} bench_profile;

/* In a context of its own, on the device of request->ctx. */
clcnn_status bench_profile_run(const bench_request *request, bench_profile *profile,
                               clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * start.c: the first training step of LeNet-5 in a fresh process, from opening the device on
 */
typedef struct bench_compiled {
    char program[64], kernel[64]; /* kernel "": the program itself */
    double seconds;
} bench_compiled;

enum { BENCH_MAX_COMPILED = 200 };
typedef struct bench_start {
    char device[256];
    double seconds;
    int count; /* compiled, where it was watched: else 0 */
    bench_compiled compiled[BENCH_MAX_COMPILED];
} bench_start;

/* Runs it with the drivers' caches in the folder `cache`. Watching what is compiled takes time of
 * its own. Must be called before this process has used OpenCL. False, and why in `why`. */
bool bench_start_run(const char *device, const char *cache, bool watched, bench_start *start,
                     char *why, size_t size);

/* ---------------------------------------------------------------------------------------------
 * measure.c
 */
double bench_now(void); /* seconds */

/* One run to warm up, then as many as take `seconds`: the mean time of one, in milliseconds. What
 * is so slow that a second run would be a waste is judged by its first. */
clcnn_status bench_sample(bench_subject *subject, double seconds, double *ms, clcnn_error *error);

enum { BENCH_MAX_ROUNDS = 99 };
typedef struct bench_samples {
    int count;
    double values[BENCH_MAX_ROUNDS]; /* sorted by bench_summary */
} bench_samples;

typedef struct bench_summary {
    double best, median, worst;
} bench_summary;

void bench_add(bench_samples *samples, double value);
/* Of one sample or more. */
bench_summary bench_summarise(bench_samples *samples);
/* No more rounds are worth their time. */
bool bench_is_slow(const bench_samples *samples);

/* ---------------------------------------------------------------------------------------------
 * probe.c: what the device can do, by kernels that do nothing else
 */
typedef struct bench_probe bench_probe;
clcnn_status bench_probe_create(clcnn_ctx *ctx, double seconds, bench_probe **probe,
                                clcnn_error *error);
void bench_probe_destroy(bench_probe *probe);
/* Multiply-adds in registers: GFLOP/s. */
clcnn_status bench_probe_peak(bench_probe *probe, double *gflops, clcnn_error *error);
/* A copy that moves as many bytes as the case (from 1 to 128 MiB, read and written): GB/s. */
clcnn_status bench_probe_copy(bench_probe *probe, double bytes, double *gbs, clcnn_error *error);
/* The rate of a case that a device of these two figures can't exceed, in the case's unit; 0 for a
 * network. */
double bench_ceiling(const bench_work *work, double gflops, double gbs);

/* ---------------------------------------------------------------------------------------------
 * text.c: a case as the line of JSON that peers read; see bench/README.md
 */
json_t *bench_case_to_json(const bench_case *c, const char *direction, double seconds);
/* The other way. False, and a sentence in `why`, if it is none. `c->name` is left out; what it
 * points to belongs to the line. */
bool bench_case_from_json(json_t *line, bench_case *c, const char **direction, double *seconds,
                          char *why, size_t size);

/* ---------------------------------------------------------------------------------------------
 * peers.c: programs that do the same. A peer works while it is asked, and is stopped (SIGSTOP) at
 * all other times, so that no thread of its own can take time from anybody else.
 */
typedef struct bench_peer_kind {
    const char *name, *about;
    const char *needs; /* what has to be installed */
} bench_peer_kind;
extern const bench_peer_kind bench_peer_kinds[]; /* ended by name NULL */

typedef struct bench_peer bench_peer;
/* Starts bench_peer_kinds[kind]. NULL, and why in `why`, if it is missing. */
bench_peer *bench_peer_start(const bench_peer_kind *kind, char *why, size_t size);
void bench_peer_end(bench_peer *peer);
/* What it said of itself: "oneDNN 2.6.3", "CPU, 2 threads"; owned by the peer. */
const char *bench_peer_version(const bench_peer *peer);
const char *bench_peer_device(const bench_peer *peer);

typedef struct bench_answer {
    double ms;       /* 0: none, and why in `note` */
    char algo[64];   /* "" when it does not say */
    double checksum; /* NaN when it does not say */
    char note[512];
} bench_answer;

/* One turn: wakes it, asks, waits for the answer and stops it. False if it is gone: then in `note`.
 */
bool bench_peer_ask(bench_peer *peer, const bench_case *c, const char *direction, double seconds,
                    bench_answer *answer);

/* ---------------------------------------------------------------------------------------------
 * plot.c: bars by gnuplot
 */
typedef struct bench_bar {
    const char *label; /* "lenet1 forward" */
    bench_unit unit;
    double ceiling;      /* 0: none */
    const double *rates; /* as the plot's names; 0: no result */
} bench_bar;

typedef struct bench_plot {
    const char *title;
    const char *const *names; /* the contestants, ours first; NULL-ended */
    const bench_bar *bars;
    size_t count;
} bench_plot;

/* Whether gnuplot is there. */
bool bench_can_plot(void);
/* Writes an SVG to `path`; false, and why in `why`, if it can't be. */
bool bench_plot_write(const bench_plot *plot, const char *path, char *why, size_t size);

#endif
