/* Arguments are checked here, before a driver sees them: each local driver aborts on some bad call.
 */
#include "internal.h"

#include <math.h>

clcnn_status clcnn__elements(clcnn_error *error, const char *what, const int *sizes, int rank,
                             size_t *count)
{
    size_t product = 1;
    for (int i = 0; i < rank; i++) {
        if (sizes[i] < 1)
            return CLCNN__INVALID(error, "%s: size %d of dimension %d is less than 1", what,
                                  sizes[i], i);
        product *= (size_t)sizes[i]; /* below 2^31 * 2^31: no overflow before the next test */
        if (product > INT32_MAX)
            return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                               "%s has %zu or more elements, the limit is %d", what, product,
                               INT32_MAX);
    }
    *count = product;
    return CLCNN_SUCCESS;
}

static clcnn_status check_buffer(clcnn_ctx *ctx, const char *call, const clcnn__tensor *t)
{
    clcnn_error *error = &ctx->error;
    size_t bytes = 0;
    cl_context context = NULL;
    cl_int code = clGetMemObjectInfo(t->mem.buf, CL_MEM_SIZE, sizeof bytes, &bytes, NULL);
    if (code == CL_SUCCESS)
        code = clGetMemObjectInfo(t->mem.buf, CL_MEM_CONTEXT, sizeof context, &context, NULL);
    if (code != CL_SUCCESS)
        return clcnn__fail(error, CLCNN_INVALID_ARGUMENT, code, __FILE__, __LINE__,
                           "%s: %s is not a buffer: %s", call, t->name, clcnn__cl_name(code));
    if (context != ctx->context)
        return CLCNN__INVALID(error, "%s: %s belongs to another OpenCL context", call, t->name);
    size_t have = bytes / 4;
    if (t->mem.offset > have || t->count > have - t->mem.offset)
        return CLCNN__INVALID(error,
                              "%s: %s needs %zu elements from offset %zu, its buffer has %zu", call,
                              t->name, t->count, t->mem.offset, have);
    if (t->mem.offset > UINT32_MAX)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "%s: offset %zu of %s is not below 2^32", call,
                           t->mem.offset, t->name);
    return CLCNN_SUCCESS;
}

static bool overlap(const clcnn__tensor *a, const clcnn__tensor *b)
{
    if (a->mem.buf != b->mem.buf || !a->count || !b->count)
        return false;
    bool same = a->mem.offset == b->mem.offset && a->count == b->count;
    if (same && (a->flags & CLCNN__IN_PLACE) && (b->flags & CLCNN__IN_PLACE))
        return false;
    return a->mem.offset < b->mem.offset + b->count && b->mem.offset < a->mem.offset + a->count;
}

clcnn_status clcnn__check_tensors(clcnn_ctx *ctx, const char *call, const clcnn__tensor *tensors,
                                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const clcnn__tensor *t = &tensors[i];
        if (!t->mem.buf && (t->flags & CLCNN__OPTIONAL))
            continue;
        if (!t->mem.buf)
            return CLCNN__INVALID(&ctx->error, "%s: %s has no buffer (NULL)", call, t->name);
        clcnn_status status = check_buffer(ctx, call, t);
        if (status != CLCNN_SUCCESS)
            return status;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (i != j && tensors[i].mem.buf && (tensors[i].flags & CLCNN__OUT) &&
                overlap(&tensors[i], &tensors[j]))
                return CLCNN__INVALID(
                    &ctx->error, "%s: %s (elements %zu to %zu) overlaps %s (elements %zu to %zu)",
                    call, tensors[i].name, tensors[i].mem.offset,
                    tensors[i].mem.offset + tensors[i].count, tensors[j].name,
                    tensors[j].mem.offset, tensors[j].mem.offset + tensors[j].count);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__window_output(clcnn_error *error, const char *op, const char *axis,
                                  const clcnn__window *win, int *out)
{
    const struct {
        const char *name;
        int value, least;
    } checks[] = {{"size", win->size, 1},          {"window", win->window, 1},
                  {"stride", win->stride, 1},      {"dilation", win->dilation, 1},
                  {"padding", win->pad_before, 0}, {"padding", win->pad_after, 0}};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].value < checks[i].least)
            return CLCNN__INVALID(error, "%s: %s: %s is %d, the least is %d", op, axis,
                                  checks[i].name, checks[i].value, checks[i].least);
    int64_t padded = (int64_t)win->size + win->pad_before + win->pad_after;
    int64_t reach = (int64_t)win->dilation * (win->window - 1) + 1;
    if (reach > padded)
        return CLCNN__INVALID(error,
                              "%s: %s: a window of %d with dilation %d covers %lld, the padded "
                              "input (%d + %d + %d) has %lld",
                              op, axis, win->window, win->dilation, (long long)reach,
                              win->pad_before, win->size, win->pad_after, (long long)padded);
    if (padded > INT32_MAX)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                           "%s: %s: the padded size %lld exceeds the limit %d", op, axis,
                           (long long)padded, INT32_MAX);
    *out = (int)((padded - reach) / win->stride + 1);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__check_activation(clcnn_error *error, const char *op, clcnn_activation_kind kind,
                                     double alpha)
{
    if ((int)kind < CLCNN_IDENTITY || (int)kind > CLCNN_RELU)
        return CLCNN__INVALID(error, "%s: activation kind %d is not one of clcnn_activation_kind",
                              op, (int)kind);
    if (!isfinite(alpha))
        return CLCNN__INVALID(error, "%s: alpha is %g, it must be finite", op, alpha);
    return CLCNN_SUCCESS;
}
