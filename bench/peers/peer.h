/*
 * What peers in C share: reading cases, timing them, answering. bench/README.md has the protocol.
 * A peer says how a case is laid out, run and taken away again; the clock is the bench's own.
 */
#ifndef CLCNN_BENCH_PEER_H
#define CLCNN_BENCH_PEER_H

#include "bench.h"

typedef struct peer {
    const char *name;    /* "openblas" */
    const char *version; /* "OpenBLAS 0.3.21" */
    const char *device;  /* "CPU, 2 threads" */
    clcnn_ctx *ctx;      /* where the request's device is; NULL: nowhere */
    clcnn_status (*create)(const bench_request *request, bench_subject **subject,
                           clcnn_error *error);
} peer;

/* Says who it is, then answers until the input ends. The exit code. */
int peer_serve(const peer *self);
/* Says that it can't be had, and why. The exit code. */
int peer_missing(const char *name, const char *why);
/* As many as there are processors. */
int peer_threads(void);
/* "CPU, 2 threads", in static memory. */
const char *peer_cpu(int threads);

/* ---------------------------------------------------------------------------------------------
 * For peers that do nothing but convolutions, on host memory
 */
typedef struct peer_conv2d {
    bench_subject base; /* first, so that one is the other */
    clcnn_conv2d d;     /* strides, dilations and groups at least 1 */
    clcnn_direction direction;
    int p, q;            /* size of y */
    float *x, *w, *y;    /* those that are inputs of the direction are filled */
    float *result;       /* one of them */
    size_t result_count; /* its elements */
} peer_conv2d;

/* Fills `self`, but for run and destroy; CLCNN_UNSUPPORTED if it is no convolution. */
clcnn_status peer_conv2d_init(peer_conv2d *self, const bench_request *request, clcnn_error *error);
void peer_conv2d_free(peer_conv2d *self);
clcnn_status peer_conv2d_checksum(bench_subject *base, double *sum, clcnn_error *error);

#endif
