/* Arguments are checked here, before a driver sees them: each local driver aborts on some bad call.
 */
#include "internal.h"

#include <math.h>
#include <string.h>

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

/* What OpenCL knows of a memory object. A sub-buffer is a part of its `root`. */
typedef struct memory {
    cl_mem_object_type type;
    cl_context context;
    cl_mem_flags flags;
    size_t bytes;
    cl_mem root;
    size_t root_offset; /* bytes */
} memory;

static cl_int query(cl_mem buf, memory *m)
{
    cl_mem parent = NULL;
    const struct {
        cl_mem_info what;
        size_t size;
        void *value;
    } queries[] = {{CL_MEM_TYPE, sizeof m->type, &m->type},
                   {CL_MEM_CONTEXT, sizeof m->context, &m->context},
                   {CL_MEM_FLAGS, sizeof m->flags, &m->flags},
                   {CL_MEM_SIZE, sizeof m->bytes, &m->bytes},
                   {CL_MEM_ASSOCIATED_MEMOBJECT, sizeof parent, &parent},
                   {CL_MEM_OFFSET, sizeof m->root_offset, &m->root_offset}};
    *m = (memory){0};
    cl_int code = CL_SUCCESS;
    for (size_t i = 0; i < sizeof queries / sizeof *queries && code == CL_SUCCESS; i++)
        code = clGetMemObjectInfo(buf, queries[i].what, queries[i].size, queries[i].value, NULL);
    m->root = parent ? parent : buf;
    return code;
}

static clcnn_status check_buffer(clcnn_ctx *ctx, const char *call, const clcnn__tensor *t,
                                 memory *m)
{
    clcnn_error *error = &ctx->error;
    const cl_int code = query(t->mem.buf, m);
    if (code != CL_SUCCESS)
        return clcnn__fail(error, CLCNN_INVALID_ARGUMENT, code, __FILE__, __LINE__,
                           "%s: %s is not a buffer: %s", call, t->name, clcnn__cl_name(code));
    if (m->type != CL_MEM_OBJECT_BUFFER)
        return CLCNN__INVALID(error, "%s: %s is an image or pipe (type %#x), not a buffer", call,
                              t->name, m->type);
    if (m->context != ctx->context)
        return CLCNN__INVALID(error, "%s: %s belongs to another OpenCL context", call, t->name);
    if ((t->flags & CLCNN__OUT) && (m->flags & CL_MEM_READ_ONLY))
        return CLCNN__INVALID(error, "%s: %s is written, but its buffer is CL_MEM_READ_ONLY", call,
                              t->name);
    if ((t->flags & CLCNN__IN) && (m->flags & CL_MEM_WRITE_ONLY))
        return CLCNN__INVALID(error, "%s: %s is read, but its buffer is CL_MEM_WRITE_ONLY", call,
                              t->name);
    const size_t have = m->bytes / 4;
    if (t->mem.offset > have || t->count > have - t->mem.offset)
        return CLCNN__INVALID(error,
                              "%s: %s needs %zu elements from offset %zu, its buffer has %zu", call,
                              t->name, t->count, t->mem.offset, have);
    /* kernels add offsets and indices in 32 bits */
    if (t->mem.offset + t->count > UINT32_MAX)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                           "%s: %s ends at element %zu of its buffer, the limit is 2^32 - 1", call,
                           t->name, t->mem.offset + t->count);
    return CLCNN_SUCCESS;
}

/* Bytes of the root buffer, so that sub-buffers of one buffer are compared too. */
static bool overlap(const clcnn__tensor *a, const memory *ma, const clcnn__tensor *b,
                    const memory *mb)
{
    if (ma->root != mb->root || !a->count || !b->count)
        return false;
    const size_t begin_a = ma->root_offset + 4 * a->mem.offset, end_a = begin_a + 4 * a->count;
    const size_t begin_b = mb->root_offset + 4 * b->mem.offset, end_b = begin_b + 4 * b->count;
    const bool same = begin_a == begin_b && end_a == end_b;
    if (same && (a->flags & CLCNN__IN_PLACE) && (b->flags & CLCNN__IN_PLACE))
        return false;
    return begin_a < end_b && begin_b < end_a;
}

clcnn_status clcnn__check_tensors(clcnn_ctx *ctx, const char *call, const clcnn__tensor *tensors,
                                  size_t count)
{
    memory memories[CLCNN__MAX_TENSORS];
    if (count > CLCNN__MAX_TENSORS)
        return CLCNN__FAIL(&ctx->error, CLCNN_UNSUPPORTED, "%s: %zu tensors, the limit is %d", call,
                           count, CLCNN__MAX_TENSORS);
    for (size_t i = 0; i < count; i++) {
        const clcnn__tensor *t = &tensors[i];
        if (!t->mem.buf && (t->flags & CLCNN__OPTIONAL))
            continue;
        if (!t->mem.buf)
            return CLCNN__INVALID(&ctx->error, "%s: %s has no buffer (NULL)", call, t->name);
        const clcnn_status status = check_buffer(ctx, call, t, &memories[i]);
        if (status != CLCNN_SUCCESS)
            return status;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (i != j && tensors[i].mem.buf && tensors[j].mem.buf &&
                (tensors[i].flags & CLCNN__OUT) &&
                overlap(&tensors[i], &memories[i], &tensors[j], &memories[j]))
                return CLCNN__INVALID(
                    &ctx->error, "%s: %s (elements %zu to %zu) overlaps %s (elements %zu to %zu)",
                    call, tensors[i].name, tensors[i].mem.offset,
                    tensors[i].mem.offset + tensors[i].count, tensors[j].name,
                    tensors[j].mem.offset, tensors[j].mem.offset + tensors[j].count);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__check_plan(clcnn_ctx *ctx, const char *call, const char *algo, size_t count,
                               const clcnn_plan *plan)
{
    const size_t need = 4 * count;
    size_t bytes = 0;
    if (count == 0)
        return CLCNN_SUCCESS;
    if (!plan)
        return CLCNN__INVALID(
            &ctx->error, "%s: plan is NULL, but %zu bytes of workspace are needed", call, need);
    if (!plan->algo || strcmp(plan->algo, algo) != 0)
        return CLCNN__INVALID(&ctx->error, "%s: the plan's algorithm is \"%.40s\", which is none",
                              call, plan->algo ? plan->algo : "(NULL)");
    if (plan->workspace_bytes < need)
        return CLCNN__FAIL(
            &ctx->error, CLCNN_WORKSPACE_TOO_SMALL,
            "%s needs a workspace of %zu bytes, the plan says %zu (a plan of another "
            "problem?)",
            call, need, plan->workspace_bytes);
    if (plan->workspace.buf)
        clGetMemObjectInfo(plan->workspace.buf, CL_MEM_SIZE, sizeof bytes, &bytes, NULL);
    if (bytes / 4 < plan->workspace.offset || bytes / 4 - plan->workspace.offset < count)
        return CLCNN__FAIL(&ctx->error, CLCNN_WORKSPACE_TOO_SMALL,
                           "%s needs a workspace of %zu bytes from element %zu, the buffer has %zu "
                           "bytes",
                           call, need, plan->workspace.offset, bytes);
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

/*
 * Whether each of the windows of one axis has a tap in the image. The last one may begin behind it;
 * one that begins before it may step over it, where the dilation is larger than the image.
 */
static clcnn_status check_reach(clcnn_error *error, const char *call, const char *axis,
                                const clcnn__window *win, int count)
{
    int empty = -1;
    const int64_t last = (int64_t)(count - 1) * win->stride - win->pad_before;
    if (last >= win->size)
        empty = count - 1;
    const int64_t reach = (int64_t)(win->window - 1) * win->dilation;
    for (int i = 0; i < count && empty < 0; i++) {
        const int64_t before = win->pad_before - (int64_t)i * win->stride;
        if (before <= 0 || (before <= reach && win->dilation <= win->size))
            break; /* so it is with all that follow */
        const int64_t first = (before + win->dilation - 1) / win->dilation * win->dilation;
        if (first > reach || first - before >= win->size)
            empty = i;
    }
    if (empty < 0)
        return CLCNN_SUCCESS;
    return CLCNN__INVALID(error,
                          "%s: %s: window %d (of %d taps, dilation %d, stride %d) lies wholly in "
                          "the padding (%d + %d + %d)",
                          call, axis, empty, win->window, win->dilation, win->stride,
                          win->pad_before, win->size, win->pad_after);
}

clcnn_status clcnn__pool_output(clcnn_error *error, const char *op, const char *axis,
                                const clcnn__window *win, bool ceil_mode, int *out)
{
    clcnn__window padded = *win;
    /* Rounding up is rounding down after stride - 1 more of padding. That the sum of both fits is
     * seen to below; where it does not fit an int, neither does the padded size. */
    if (ceil_mode && win->stride >= 1 && win->pad_after >= 0)
        padded.pad_after = win->pad_after > INT32_MAX - (win->stride - 1)
                               ? INT32_MAX
                               : win->pad_after + win->stride - 1;
    clcnn_status status = clcnn__window_output(error, op, axis, &padded, out);
    if (status != CLCNN_SUCCESS)
        return status;
    if (ceil_mode && (int64_t)(*out - 1) * win->stride >= (int64_t)win->size + win->pad_before)
        --*out;
    return check_reach(error, op, axis, win, *out);
}

clcnn_status clcnn__check_activation(clcnn_error *error, const char *op, clcnn_activation_kind kind,
                                     double alpha)
{
    if ((int)kind < CLCNN_IDENTITY || (int)kind > CLCNN_GELU_TANH)
        return CLCNN__INVALID(error, "%s: activation kind %d is not one of clcnn_activation_kind",
                              op, (int)kind);
    if (!isfinite((float)alpha))
        return CLCNN__INVALID(error, "%s: alpha is %g, it must be finite as a float", op, alpha);
    if (kind == CLCNN_ELU && alpha < 0)
        return CLCNN__INVALID(error, "%s: alpha of ELU is %g, it must not be negative", op, alpha);
    return CLCNN_SUCCESS;
}
