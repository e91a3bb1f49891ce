/*
 * What conv2d_tile.c needs, and conv2d_row.c and others share. tile correlates a padded input with
 * a list of taps and packed weights (kernels/conv2d_shared.cl), and keeps these in the workspace,
 * one after the other: [padded input][taps][packed weights]. The weights may come packed already.
 * Others share what adds up the parts of their sums in backward_weights.
 */
#ifndef CLCNN_CONV2D_TAPS_H
#define CLCNN_CONV2D_TAPS_H

#include "conv2d.h"

/* The planes that the taps walk over: x, or dy when it goes backward to the data. */
typedef struct clcnn__source {
    int channels, h, w;           /* what is walked over */
    int top, left, bottom, right; /* zeros that go around them */
    int step_h, step_w;           /* 1, or only every step-th row and column is copied: h, w */
    int in_h, in_w;               /* of the planes as they are */
} clcnn__source;

/* One problem, cut into blocks of channels. */
typedef struct clcnn__taps {
    const char *program;
    const clcnn__tune_row *row;
    int macro_count;
    clcnn__macro macros[7];
    int block, blocks; /* channels of the result in a work-item; blocks in a group */
    bool unlisted;     /* the kernel needs no list of taps */
    clcnn__source from;
    size_t padded, taps, weights; /* elements of the workspace; padded 0: x is used as it is */
    const char *refusal;          /* why the sizes don't fit 32-bit indices, or NULL */
} clcnn__taps;

/* The channels of a group in the result (backward_weights: in dy). */
int clcnn__taps_lanes(const clcnn__conv2d_problem *problem);

/* Fills in what follows from problem, program, row and block, or only `refusal`, and adds the macro
 * that all kernels here have. */
void clcnn__taps_make(const clcnn__conv2d_problem *problem, clcnn__taps *t);
int clcnn__source_h(const clcnn__source *from);
int clcnn__source_w(const clcnn__source *from);

/* Parts of the sums of backward_weights: some 64 work-items keep the cores of a CPU busy; a part
 * should sum 128 pixels at least, and `most` at most. */
int clcnn__taps_splits(size_t items, size_t pixels, double most);
clcnn_status clcnn__taps_launch(clcnn_ctx *ctx, const clcnn__taps *t, const char *kernel,
                                const void *args, size_t args_size, const clcnn_mem *mems,
                                int mem_count, size_t local_bytes, const size_t global[3]);
/* What the kernels of conv2d_shared.cl work with: in -> padded, the list of taps, from -> packed.
 */
typedef struct clcnn__prepared {
    clcnn_mem in, padded, taps, from, packed;
} clcnn__prepared;

/* Pixels, channels or vectors of a tile: more would never fit registers. */
enum { CLCNN__MOST_TILE = 32 };

/* The VEC of conv2d_shared.cl: one for all, so that it is one program. */
enum { CLCNN__SHARED_VEC = 8 };
/* Launches one of its kernels. */
clcnn_status clcnn__shared_launch(clcnn_ctx *ctx, const char *kernel, const void *args,
                                  size_t args_size, const clcnn_mem *mems, int mem_count,
                                  const size_t global[3]);
/* The splits added up in order, dw (args->taps of each channel) and db (args->sums) in one go. */
clcnn_status clcnn__taps_add(clcnn_ctx *ctx, const conv2d_add_args *args, clcnn_mem partial,
                             clcnn_mem dw, clcnn_mem db);
/* A db that sums planes, of dy or, transposed, of the convolution's x: how its sums are split. */
int clcnn__bias_splits(const clcnn__conv2d_problem *problem);
/* ... and db itself, if they are split by way of partial[splits][bias]. */
clcnn_status clcnn__bias_sum(clcnn_ctx *ctx, const clcnn__conv2d_call *call, clcnn_mem partial);
/* Packs call->w into `place`. */
clcnn_status clcnn__taps_pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const clcnn__taps *t,
                              clcnn_mem place);
/* Of backward_weights: x padded, or thinned, at the workspace's beginning, if it has to be; *in is
 * then x as the taps want it. */
clcnn_status clcnn__taps_input(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const clcnn__taps *t,
                               clcnn_mem *in);
/* All of forward or backward_data; `items` work-items for each block of channels and phase. */
clcnn_status clcnn__taps_correlate(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                   const clcnn__taps *t, const char *kernel, size_t items);

#endif
