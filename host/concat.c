/* concat: the public calls, one launch for each input. */
#include "rows.h"

#include <stdio.h>

const clcnn_algo clcnn__concat_algos[] = {
    {"direct", {{CLCNN_EXACT, 0}, {CLCNN_DOT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* A checked descriptor: what each input has of an image, and what the whole has. */
typedef struct concat {
    int lengths[CLCNN_CONCAT_MAX], whole;
    size_t count; /* of y */
} concat;

static clcnn_status make_concat(const char *call, const clcnn_concat *d, concat *c,
                                clcnn_error *error)
{
    if (!d)
        return CLCNN__INVALID(error, "%s: the descriptor is NULL", call);
    if (d->inputs < 1 || d->inputs > CLCNN_CONCAT_MAX)
        return CLCNN__INVALID(error, "%s: inputs is %d, it must be from 1 to %d", call, d->inputs,
                              CLCNN_CONCAT_MAX);
    if (!d->channels)
        return CLCNN__INVALID(error, "%s: channels is NULL", call);
    c->whole = 0;
    for (int i = 0; i < d->inputs; i++) {
        const int part[] = {d->n, d->channels[i], d->h, d->w};
        char name[64];
        snprintf(name, sizeof name, "%.40s: input %d", call, i);
        const clcnn_status status = clcnn__elements(error, name, part, 4, &c->count);
        if (status != CLCNN_SUCCESS)
            return status;
        c->lengths[i] = (int)(c->count / (size_t)d->n);
        const int64_t whole = (int64_t)c->whole + c->lengths[i];
        c->count = (size_t)whole * (size_t)d->n;
        if (c->count > INT32_MAX)
            return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                               "%s: y has %zu or more elements, the limit is %d", call, c->count,
                               INT32_MAX);
        c->whole = (int)whole;
    }
    return CLCNN_SUCCESS;
}

/* The inputs (or their gradients) and the whole. */
static clcnn_status check(clcnn_ctx *ctx, const char *call, const clcnn_concat *d, const concat *c,
                          const clcnn_mem *parts, clcnn_mem whole, bool backward)
{
    clcnn__tensor tensors[CLCNN_CONCAT_MAX + 1];
    char names[CLCNN_CONCAT_MAX][16];
    int given = 0;
    if (!parts)
        return CLCNN__INVALID(&ctx->error, "%s: the array %s is NULL", call, backward ? "dx" : "x");
    for (int i = 0; i < d->inputs; i++) {
        snprintf(names[i], sizeof names[i], backward ? "dx[%d]" : "x[%d]", i);
        tensors[i] = (clcnn__tensor){names[i], parts[i], (size_t)d->n * (size_t)c->lengths[i],
                                     backward ? CLCNN__OUT | CLCNN__OPTIONAL : CLCNN__IN};
        given += parts[i].buf != NULL;
    }
    if (backward && given == 0)
        return CLCNN__INVALID(&ctx->error, "%s: no dx is given", call);
    tensors[d->inputs] =
        (clcnn__tensor){backward ? "dy" : "y", whole, c->count, backward ? CLCNN__IN : CLCNN__OUT};
    return clcnn__check_tensors(ctx, call, tensors, (size_t)d->inputs + 1);
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn_concat *d, const concat *c,
                            const clcnn_mem *parts, clcnn_mem whole, bool backward)
{
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < d->inputs && status == CLCNN_SUCCESS; i++) {
        const rows_args args = {.images = d->n,
                                .length = c->lengths[i],
                                .from_image = backward ? c->whole : c->lengths[i],
                                .to_image = backward ? c->lengths[i] : c->whole,
                                .accumulate = backward && d->accumulate};
        if (parts[i].buf)
            status = clcnn__rows_launch(ctx, "concat", "concat_direct", "concat_direct_copy", &args,
                                        args.length, backward ? whole : parts[i],
                                        backward ? parts[i] : whole);
        whole.offset += (size_t)c->lengths[i];
    }
    return status;
}

clcnn_status clcnn_concat_forward(clcnn_ctx *ctx, const clcnn_concat *d, const clcnn_mem *x,
                                  clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    concat c;
    clcnn_status status = make_concat(__func__, d, &c, &ctx->error);
    if (status == CLCNN_SUCCESS)
        status = check(ctx, __func__, d, &c, x, y, false);
    return status == CLCNN_SUCCESS ? enqueue(ctx, d, &c, x, y, false) : status;
}

clcnn_status clcnn_concat_backward(clcnn_ctx *ctx, const clcnn_concat *d, clcnn_mem dy,
                                   const clcnn_mem *dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    concat c;
    clcnn_status status = make_concat(__func__, d, &c, &ctx->error);
    if (status == CLCNN_SUCCESS)
        status = check(ctx, __func__, d, &c, dx, dy, true);
    return status == CLCNN_SUCCESS ? enqueue(ctx, d, &c, dx, dy, true) : status;
}
