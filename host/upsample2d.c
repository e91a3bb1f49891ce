/* upsample2d: the shape function and the public calls. The kernels: kernels/upsample2d_direct.cl.
 */
#include "internal.h"
#include "upsample2d_args.h"

#include <stdlib.h>

const clcnn_algo clcnn__upsample2d_algos[] = {
    {"direct", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* The largest size along an axis: twice it fits an int. */
enum { MAX_SIZE = (1 << 30) - 1 };

/* A checked descriptor and its sizes. */
typedef struct problem {
    clcnn_upsample2d d;
    int p, q;
    size_t x_count, y_count;
} problem;

/* The output's size along one axis, from what was given of it. */
static clcnn_status axis_output(const char *call, const char *axis, const int in_given_scale[3],
                                int *out, clcnn_error *error)
{
    const int in = in_given_scale[0], given = in_given_scale[1], scale = in_given_scale[2];
    if (in < 1 || given < 0 || scale < 0 || (given == 0 && scale == 0))
        return CLCNN__INVALID(error,
                              "%s: %s: input size %d, output size %d and scale %d: the first must "
                              "be at least 1, none negative, and one of the others not 0",
                              call, axis, in, given, scale);
    const int64_t scaled = (int64_t)in * scale;
    if (given != 0 && scale != 0 && given != scaled)
        return CLCNN__INVALID(error, "%s: %s: the output size %d is not %d times %d", call, axis,
                              given, scale, in);
    const int64_t size = given ? given : scaled;
    if (in > MAX_SIZE || size > MAX_SIZE)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                           "%s: %s: the sizes %d and %lld exceed the limit %d", call, axis, in,
                           (long long)size, MAX_SIZE);
    *out = (int)size;
    return CLCNN_SUCCESS;
}

static clcnn_status make_problem(const char *call, const clcnn_upsample2d *d, problem *out,
                                 clcnn_error *error)
{
    if (!d)
        return CLCNN__INVALID(error, "%s: the descriptor is NULL", call);
    if ((int)d->kind != CLCNN_NEAREST && (int)d->kind != CLCNN_BILINEAR)
        return CLCNN__INVALID(error, "%s: kind %d is not one of clcnn_upsample_kind", call,
                              (int)d->kind);
    if (d->align_corners && d->kind == CLCNN_NEAREST)
        return CLCNN__INVALID(error, "%s: align_corners is %d, but nearest has no corners", call,
                              d->align_corners);
    *out = (problem){.d = *d};
    const int rows[] = {d->h, d->p, d->scale_h}, columns[] = {d->w, d->q, d->scale_w};
    clcnn_status status = axis_output(call, "height", rows, &out->p, error);
    if (status == CLCNN_SUCCESS)
        status = axis_output(call, "width", columns, &out->q, error);
    const int x[] = {d->n, d->c, d->h, d->w}, y[] = {d->n, d->c, out->p, out->q};
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "x", x, 4, &out->x_count);
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "y", y, 4, &out->y_count);
    return status;
}

clcnn_status clcnn_upsample2d_output(const clcnn_upsample2d *d, int *p, int *q, clcnn_error *error)
{
    if (!p || !q)
        return CLCNN__INVALID(error, "%s: %s is NULL", __func__, p ? "q" : "p");
    problem e;
    clcnn_status status = make_problem(__func__, d, &e, error);
    if (status == CLCNN_SUCCESS) {
        *p = e.p;
        *q = e.q;
    }
    return status;
}

static int divisor(int a, int b)
{
    while (b) {
        const int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The fraction of one axis, in lowest terms: then halves and quarters are exact in float. */
static void make_axis(const clcnn_upsample2d *d, int in, int out, int *step, int *bias, int *den)
{
    *bias = 0;
    if (d->kind == CLCNN_NEAREST) {
        *step = in;
        *den = out;
    } else if (d->align_corners) {
        *step = out > 1 ? in - 1 : 0;
        *den = out > 1 ? out - 1 : 1;
    } else {
        *step = 2 * in;
        *bias = in - out;
        *den = 2 * out;
    }
    const int common = divisor(divisor(*step, abs(*bias)), *den);
    *step /= common;
    *bias /= common;
    *den /= common;
}

/* Whether numbers of one axis leave the range of int. */
static bool is_wide(int in, int out, int step, int bias, int den)
{
    const int64_t forward = (int64_t)out * step, backward = ((int64_t)in + 1) * den;
    return (forward > backward ? forward : backward) + abs(bias) > INT32_MAX;
}

static clcnn_status launch(clcnn_ctx *ctx, const problem *e, bool forward,
                           const clcnn__tensor tensors[2])
{
    const clcnn_upsample2d *d = &e->d;
    upsample2d_args args = {.planes = d->n * d->c,
                            .h = d->h,
                            .w = d->w,
                            .p = e->p,
                            .q = e->q,
                            .accumulate = d->accumulate != 0};
    make_axis(d, d->h, e->p, &args.step_h, &args.bias_h, &args.den_h);
    make_axis(d, d->w, e->q, &args.step_w, &args.bias_w, &args.den_w);
    args.wide = is_wide(d->h, e->p, args.step_h, args.bias_h, args.den_h) ||
                is_wide(d->w, e->q, args.step_w, args.bias_w, args.den_w);
    const bool doubled = e->q == 2 * d->w && !d->align_corners;
    clcnn__launch_desc desc = {
        .program = "upsample2d_direct",
        .kernel = forward ? "upsample2d_direct_forward" : "upsample2d_direct_backward",
        .macro_count = 2,
        .macros = {{"LINEAR", d->kind == CLCNN_BILINEAR}, {"SCALE", doubled ? 2 : 0}},
        .args = &args,
        .args_size = sizeof args,
        .mem_count = 2,
        .mems = {tensors[0].mem, tensors[1].mem}};
    const int width = forward ? e->q : d->w;
    /* Backward asks the outputs whose places lie at most one row or column away. */
    const double over_h = 2 + 2.0 * e->p / d->h, over_w = 2 + 2.0 * e->q / d->w;
    const clcnn__rows rows = {tensors[1].count / (size_t)width, width, doubled ? d->w - 2 : 0,
                              forward ? 1 : over_h * over_w};
    return clcnn__launch_rows(ctx, "upsample2d", "direct", &desc, &rows);
}

clcnn_status clcnn_upsample2d_forward(clcnn_ctx *ctx, const clcnn_upsample2d *d, clcnn_mem x,
                                      clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem e;
    clcnn_status status = make_problem(__func__, d, &e, &ctx->error);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, e.x_count, CLCNN__IN},
                                     {"y", y, e.y_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    return status == CLCNN_SUCCESS ? launch(ctx, &e, true, tensors) : status;
}

clcnn_status clcnn_upsample2d_backward(clcnn_ctx *ctx, const clcnn_upsample2d *d, clcnn_mem dy,
                                       clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem e;
    clcnn_status status = make_problem(__func__, d, &e, &ctx->error);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"dy", dy, e.y_count, CLCNN__IN},
                                     {"dx", dx, e.x_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    return status == CLCNN_SUCCESS ? launch(ctx, &e, false, tensors) : status;
}
