/* correlate1d: the public calls. */
#include "correlate1d_args.h"
#include "internal.h"

const clcnn_algo clcnn__correlate1d_algos[] = {
    {"direct", {{CLCNN_DOT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static clcnn_status make_args(const char *call, const clcnn_correlate1d *d, correlate1d_args *a,
                              clcnn_error *error)
{
    if (!d)
        return CLCNN__INVALID(error, "%s: the descriptor is NULL", call);
    if (d->a < 1 || d->b < 1)
        return CLCNN__INVALID(error, "%s: signals of %d and %d elements, the least is 1", call,
                              d->a, d->b);
    if ((int)d->mode < CLCNN_VALID || (int)d->mode > CLCNN_FULL)
        return CLCNN__INVALID(error, "%s: mode %d is not one of clcnn_signal_mode", call,
                              (int)d->mode);
    const int longer = d->a < d->b ? d->b : d->a, shorter = d->a < d->b ? d->a : d->b;
    if (d->mode == CLCNN_FULL && longer > INT32_MAX - (shorter - 1))
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                           "%s: the full result of %d and %d elements exceeds the limit %d", call,
                           d->a, d->b, INT32_MAX);
    const int sizes[] = {longer - shorter + 1, longer,
                         d->mode == CLCNN_FULL ? longer + (shorter - 1) : 0};
    const int before[] = {0, shorter / 2, shorter - 1};
    *a = (correlate1d_args){.longer = longer,
                            .shorter = shorter,
                            .out = sizes[d->mode],
                            .before = before[d->mode],
                            .flip = d->convolve != 0,
                            .reverse = !d->convolve && d->a < d->b};
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_correlate1d_output(const clcnn_correlate1d *d, int *size, clcnn_error *error)
{
    correlate1d_args a = {.out = 0};
    if (!size)
        return CLCNN__INVALID(error, "%s: size is NULL", __func__);
    const clcnn_status status = make_args(__func__, d, &a, error);
    if (status == CLCNN_SUCCESS)
        *size = a.out;
    return status;
}

/*
 * Vectors where the two overlap wholly, ITEM results to a work-item but no more rounds than it may
 * have; all other results alone. Returns the number of work-items.
 */
static size_t cut_up(const clcnn__tune_row *row, correlate1d_args *a)
{
    const int vec = clcnn__tune_vector(row), whole = a->longer - a->shorter + 1;
    if (vec < 1) /* the kernel does not build */
        return 1;
    const double rounds = (double)a->shorter + vec + 1; /* of a vector */
    int vectors = clcnn__tune_value(row, "ITEM") / vec;
    while (vectors > 1 && vectors * rounds > CLCNN__MAX_ROUNDS)
        vectors /= 2;
    a->middle = whole / vec * vec;
    a->item = vectors * vec;
    return clcnn__div_up((size_t)a->middle, a->item) + (size_t)(a->out - a->middle);
}

clcnn_status clcnn_correlate1d_forward(clcnn_ctx *ctx, const clcnn_correlate1d *d, clcnn_mem a,
                                       clcnn_mem b, clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    correlate1d_args args;
    clcnn_status status = make_args(__func__, d, &args, &ctx->error);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"a", a, (size_t)d->a, CLCNN__IN},
                                     {"b", b, (size_t)d->b, CLCNN__IN},
                                     {"y", y, (size_t)args.out, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 3);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tune_row *row = clcnn__tune(ctx, "correlate1d", "direct", "any");
    const size_t items = cut_up(row, &args);
    const bool swap = d->a < d->b;
    const clcnn__launch_desc desc = {.program = "correlate1d_direct",
                                     .kernel = "correlate1d_direct",
                                     .row = row,
                                     .args = &args,
                                     .args_size = sizeof args,
                                     .mem_count = 3,
                                     .mems = {swap ? b : a, swap ? a : b, y},
                                     .global = {items},
                                     .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    return clcnn__launch(ctx, &desc);
}
