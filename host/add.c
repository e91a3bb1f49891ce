/* add: the public calls. The gradient of a broadcast operand is summed over chunks of each channel,
 * then over the chunks. */
#include "add_args.h"
#include "internal.h"

const clcnn_algo clcnn__add_algos[] = {
    {"direct", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* A channel is cut into chunks of at most MOST_CHUNKS, none shorter than the tuning row's SUM, and
 * that is LEAST_CHUNK at most. */
enum { MOST_CHUNKS = 256, LEAST_CHUNK = 4096 };

/* A checked descriptor with its defaults filled in. */
typedef struct problem {
    clcnn_add d;
    size_t count, channels, chunk, chunks;
    const clcnn__tune_row *row;
} problem;

static clcnn_status make_problem(clcnn_ctx *ctx, const char *call, const clcnn_add *d, problem *p)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    *p = (problem){.d = *d};
    p->d.h = d->h ? d->h : 1;
    p->d.w = d->w ? d->w : 1;
    const int sizes[] = {d->n, d->c, p->d.h, p->d.w};
    clcnn_status status = clcnn__elements(&ctx->error, call, sizes, 4, &p->count);
    if (status == CLCNN_SUCCESS)
        status = clcnn__check_activation(&ctx->error, call, d->activation, d->alpha);
    if (status != CLCNN_SUCCESS)
        return status;
    p->row = clcnn__tune(ctx, "add", "direct", "any");
    p->channels = (size_t)d->c;
    const size_t positions = p->count / p->channels;
    const int least = clcnn__tune_value(p->row, "SUM");
    p->chunk = clcnn__div_up(positions, MOST_CHUNKS);
    if (p->chunk < (size_t)least)
        p->chunk = (size_t)(least < LEAST_CHUNK ? least : LEAST_CHUNK);
    p->chunks = (positions + p->chunk - 1) / p->chunk;
    return CLCNN_SUCCESS;
}

/* One sum for each channel and chunk. */
static size_t workspace_count(const problem *p)
{
    return p->d.broadcast ? p->channels * p->chunks : 0;
}

clcnn_status clcnn_add_plan(clcnn_ctx *ctx, const clcnn_add *d, clcnn_direction direction,
                            clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem p;
    const clcnn_status status = make_problem(ctx, __func__, d, &p);
    if (status != CLCNN_SUCCESS)
        return status;
    if (direction != CLCNN_FORWARD && direction != CLCNN_BACKWARD_DATA)
        return CLCNN__INVALID(&ctx->error,
                              "%s: direction %d is neither CLCNN_FORWARD nor CLCNN_BACKWARD_DATA",
                              __func__, (int)direction);
    if (!plan)
        return CLCNN__INVALID(&ctx->error, "%s: plan is NULL", __func__);
    const size_t count = direction == CLCNN_FORWARD ? 0 : workspace_count(&p);
    *plan = (clcnn_plan){.algo = clcnn__add_algos[0].name, .workspace_bytes = 4 * count};
    return CLCNN_SUCCESS;
}

static clcnn_status launch(clcnn_ctx *ctx, const problem *p, const char *kernel, size_t items,
                           size_t channels, const clcnn_mem *mems, int count)
{
    const add_args args = {.n = p->d.n,
                           .c = p->d.c,
                           .hw = p->d.h * p->d.w,
                           .count = (int)p->count,
                           .chunk = (int)p->chunk,
                           .chunks = (int)p->chunks,
                           .broadcast = p->d.broadcast != 0,
                           .activation = (int)p->d.activation,
                           .accumulate = p->d.accumulate != 0,
                           .alpha = (float)p->d.alpha};
    clcnn__launch_desc desc = {.program = "add_direct",
                               .kernel = kernel,
                               .row = p->row,
                               .macro_count = 1,
                               .macros = {{"CURVED", clcnn__curved(p->d.activation)}},
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = count,
                               .global = {items, channels},
                               .local = {(size_t)clcnn__tune_value(p->row, "LOCAL")}};
    for (int i = 0; i < count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

/* Elements in pieces of ITEM. */
static size_t items_of(const problem *p)
{
    return clcnn__div_up(p->count, clcnn__tune_value(p->row, "ITEM"));
}

clcnn_status clcnn_add_forward(clcnn_ctx *ctx, const clcnn_add *d, clcnn_mem a, clcnn_mem b,
                               clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem p;
    clcnn_status status = make_problem(ctx, __func__, d, &p);
    if (status != CLCNN_SUCCESS)
        return status;
    const size_t b_count = d->broadcast ? p.channels : p.count;
    const clcnn__tensor tensors[] = {
        {"a", a, p.count, CLCNN__IN | CLCNN__IN_PLACE},
        {"b", b, b_count, d->broadcast ? CLCNN__IN : CLCNN__IN | CLCNN__IN_PLACE},
        {"y", y, p.count, CLCNN__OUT | CLCNN__IN_PLACE}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 3);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem all[] = {a, b, y};
    return launch(ctx, &p, "add_direct_forward", items_of(&p), 1, all, 3);
}

clcnn_status clcnn_add_backward(clcnn_ctx *ctx, const clcnn_add *d, clcnn_mem dy, clcnn_mem db,
                                const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem p;
    clcnn_status status = make_problem(ctx, __func__, d, &p);
    if (status != CLCNN_SUCCESS)
        return status;
    p.d.activation = CLCNN_IDENTITY; /* dy is behind it */
    const size_t need = workspace_count(&p);
    status = clcnn__check_plan(ctx, __func__, clcnn__add_algos[0].name, need, plan);
    const clcnn_mem workspace = status == CLCNN_SUCCESS && need ? plan->workspace : CLCNN_NO_MEM;
    const clcnn__tensor tensors[] = {{"dy", dy, p.count, CLCNN__IN},
                                     {"db", db, d->broadcast ? p.channels : p.count, CLCNN__OUT},
                                     {"workspace", workspace, need, CLCNN__OUT | CLCNN__OPTIONAL}};
    if (status == CLCNN_SUCCESS)
        status = clcnn__check_tensors(ctx, __func__, tensors, 3);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!d->broadcast)
        return launch(ctx, &p, "add_direct_backward", items_of(&p), 1, (clcnn_mem[]){dy, db}, 2);
    status =
        launch(ctx, &p, "add_direct_sums", p.chunks, p.channels, (clcnn_mem[]){dy, workspace}, 2);
    return status == CLCNN_SUCCESS ? launch(ctx, &p, "add_direct_reduce", p.channels, 1,
                                            (clcnn_mem[]){workspace, db}, 2)
                                   : status;
}
