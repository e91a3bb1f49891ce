/* conv2d by kernels/conv2d_row.cl: vectors along the rows, for few channels and strides of 1. */
#include "conv2d_taps.h"

enum { MOST_SEGMENTS = 16 };

typedef struct cut {
    clcnn__taps taps;
    int width;         /* pixels of a vector, VEC */
    int segments;      /* vectors of a work-item and channel, SEGS */
    int out_h, out_w;  /* of the result */
    int most_channels; /* the default takes this algorithm up to here, CHANNELS */
} cut;

/* Channels come in blocks from a short list, so that few variants are ever built. */
static int block_for(int lanes)
{
    static const int blocks[] = {1, 2, 3, 4, 6, 8};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (lanes <= blocks[i])
            return blocks[i];
    return 8;
}

static cut cut_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const bool forward = problem->direction == CLCNN_FORWARD;
    cut c = {.out_h = forward ? problem->p : problem->d.h,
             .out_w = forward ? problem->q : problem->d.w};
    const char *shape = c.out_w <= 4 ? "short" : c.out_w <= 8 ? "medium" : "long";
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "row", shape);
    c.width = clcnn__tune_vector(row);
    c.most_channels = clcnn__tune_value(row, "CHANNELS");
    int block = block_for(clcnn__taps_lanes(problem));
    c.segments = clcnn__tune_value(row, "SUMS") / block;
    if (c.segments < 1)
        c.segments = 1;
    if (c.segments > MOST_SEGMENTS)
        c.segments = MOST_SEGMENTS;
    c.taps = (clcnn__taps){.program = "conv2d_row",
                           .row = row,
                           .macro_count = 2,
                           .macros = {{"BLOCK", block}, {"SEGS", c.segments}},
                           .block = block};
    if (c.width > 0) /* the last vector of a row reads beyond it */
        clcnn__taps_make(problem, (c.width - c.out_w % c.width) % c.width, &c.taps);
    return c;
}

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS)
        return "it has no backward_weights";
    if (d->stride_h != 1 || d->stride_w != 1)
        return "it needs strides of 1";
    const cut c = cut_of(ctx, problem);
    if (c.width < 1)
        return "its tuning row has no vector width";
    return c.taps.refusal;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const cut c = cut_of(ctx, problem);
    return c.taps.row && c.taps.row->use && clcnn__taps_lanes(problem) <= c.most_channels;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    (void)limit;
    const cut c = cut_of(ctx, problem);
    return (c.taps.padded + c.taps.taps + c.taps.weights) * sizeof(float);
}

static size_t packed(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const cut c = cut_of(ctx, problem);
    return c.taps.weights * sizeof(float);
}

static clcnn_status pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const cut c = cut_of(ctx, &call->problem);
    return clcnn__taps_pack(ctx, call, &c.taps, call->packed);
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const cut c = cut_of(ctx, &call->problem);
    const size_t segments =
        (size_t)call->problem.d.n * (size_t)c.out_h * (size_t)clcnn__ceil_div(c.out_w, c.width);
    const size_t each = (size_t)c.segments;
    return clcnn__taps_correlate(ctx, call, &c.taps, "conv2d_row_correlate",
                                 (segments + each - 1) / each);
}

const clcnn__conv2d_algo clcnn__conv2d_row = {.name = "row",
                                              .refuses = refuses,
                                              .preferred = preferred,
                                              .workspace = workspace,
                                              .packed = packed,
                                              .pack = pack,
                                              .enqueue = enqueue};
