/*
 * Operations as the bench calls them: which tensors a direction takes and how often memory has to
 * move each of them. The calls are the check's, but for the few below. Whatever an optimiser or
 * dropout prepares for a step is part of the call.
 */
#include "bench.h"

#include <float.h>
#include <math.h>
#include <string.h>

const char *const bench_unit_names[] = {"GFLOP/s", "GB/s", "images/s"};

/* ---- Calls that are not the check's: t[i] is the i-th of the way's tensors ---------------------
 */

/* argmax as forward leaves it */
static clcnn_status maxpool2d_argmax(const bench_call *a)
{
    return clcnn_maxpool2d_forward(a->ctx, &a->desc->maxpool2d, a->t[3], a->t[4], a->t[1]);
}

/* From statistics that are there. */
static clcnn_status batchnorm_backward(const bench_call *a)
{
    const clcnn_batchnorm_mems m = {.x = a->t[0],
                                    .dy = a->t[1],
                                    .gamma = a->t[2],
                                    .mean = a->t[3],
                                    .rstd = a->t[4],
                                    .dx = a->t[5],
                                    .dgamma = a->t[6],
                                    .dbeta = a->t[7]};
    return clcnn_batchnorm_backward(a->ctx, &a->desc->batchnorm, &m, a->plan);
}

static clcnn_status layernorm_backward(const bench_call *a)
{
    const clcnn_layernorm_mems m = {.x = a->t[0],
                                    .dy = a->t[1],
                                    .gamma = a->t[2],
                                    .mean = a->t[3],
                                    .rstd = a->t[4],
                                    .dx = a->t[5],
                                    .dgamma = a->t[6],
                                    .dbeta = a->t[7]};
    return clcnn_layernorm_backward(a->ctx, &a->desc->layernorm, &m, a->plan);
}

static clcnn_status dropout_backward(const bench_call *a)
{
    return clcnn_dropout_backward(a->ctx, &a->desc->dropout, a->t[0], a->t[1], a->t[2]);
}

static clcnn_status dropout_block(const bench_call *a)
{
    return clcnn_dropout_prepare(a->ctx, &a->desc->dropout, a->t[1]);
}

/* ---- The table ---------------------------------------------------------------------------------
 */

/* clang-format off */
const bench_way bench_ways[] = {
    {.op = "conv2d", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "w", "y"}, .result = "y", .packs = true},
    {.op = "conv2d", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"dy", "w", "dx"}, .result = "dx"},
    {.op = "conv2d", .direction = "backward_weights", .plan_direction = CLCNN_BACKWARD_WEIGHTS,
     .tensors = {"x", "dy", "dw"}, .result = "dw"},

    {.op = "maxpool2d", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y", "argmax"}, .moves = "x y argmax", .result = "y"},
    {.op = "maxpool2d", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"dy", "argmax", "dx", "x", "y"}, .moves = "dy argmax dx", .result = "dx",
     .first = maxpool2d_argmax},

    {.op = "avgpool2d", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y"}, .moves = "x y"},
    {.op = "avgpool2d", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"dy", "dx"}, .moves = "dy dx"},

    {.op = "adaptive_avgpool2d", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y"}, .moves = "x y"},
    {.op = "adaptive_avgpool2d", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"dy", "dx"}, .moves = "dy dx"},

    {.op = "pad2d", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y"}, .moves = "x y", .result = "y"},
    {.op = "pad2d", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"dy", "dx"}, .moves = "dy dx", .result = "dx"},
    {.op = "upsample2d", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y"}, .moves = "x y"},
    {.op = "upsample2d", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"dy", "dx"}, .moves = "dy dx"},
    {.op = "slice", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y"}, .moves = "y y", .result = "y"},
    {.op = "slice", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"dy", "dx"}, .moves = "dy dx", .result = "dx"},
    {.op = "im2col", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y"}, .moves = "x y", .result = "y"},
    {.op = "col2im", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y"}, .moves = "x y", .result = "y"},

    /* The statistics have to be known before the first element can be written: all inputs twice. */
    {.op = "batchnorm", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "gamma", "beta", "running_mean", "running_var", "y", "mean", "rstd"},
     .moves = "x x y"},
    {.op = "batchnorm", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"x", "dy", "gamma", "mean", "rstd", "dx", "dgamma", "dbeta"},
     .moves = "x dy x dy dx", .run = batchnorm_backward},

    /* A row stays in a cache. */
    {.op = "layernorm", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "gamma", "beta", "y", "mean", "rstd"}, .moves = "x y"},
    {.op = "layernorm", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"x", "dy", "gamma", "mean", "rstd", "dx", "dgamma", "dbeta"},
     .moves = "x dy dx", .run = layernorm_backward},

    {.op = "activation", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y"}, .moves = "x y", .result = "y"},
    {.op = "activation", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"x", "dy", "dx"}, .moves = "x dy dx", .result = "dx"},

    {.op = "add", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"a", "b", "y"}, .moves = "a b y", .result = "y"},
    {.op = "add", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"dy", "db"}, .moves = "dy db", .result = "db"},

    {.op = "softmax", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "y"}, .moves = "x y"},
    {.op = "softmax", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"y", "dy", "dx"}, .moves = "y dy dx"},

    {.op = "dropout", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"x", "block", "y"}, .moves = "x y"},
    {.op = "dropout", .direction = "backward_data", .plan_direction = CLCNN_BACKWARD_DATA,
     .tensors = {"dy", "block", "dx"}, .moves = "dy dx",
     .run = dropout_backward, .first = dropout_block},

    {.op = "sgd", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"param", "grad", "velocity", "block"},
     .moves = "param grad velocity param velocity"},
    {.op = "rmsprop", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"param", "grad", "square_avg", "block"},
     .moves = "param grad square_avg param square_avg"},
    {.op = "adam", .direction = "forward", .plan_direction = CLCNN_FORWARD,
     .tensors = {"param", "grad", "m", "v", "block"}, .moves = "param grad m v param m v"},
    {.op = NULL}};
/* clang-format on */

const bench_way *bench_way_find(const char *op, const char *direction)
{
    for (const bench_way *way = bench_ways; way->op != NULL; way++)
        if (strcmp(way->op, op) == 0 && strcmp(way->direction, direction) == 0)
            return way;
    return NULL;
}

/* ---- Tensors -----------------------------------------------------------------------------------
 */

size_t bench_tensor_count(const bench_way *way, const check_desc *desc, const char *tensor)
{
    check_shape shape = {.rank = 0};
    if (!check_op_find(way->op)->shape(desc, tensor, &shape))
        return 0;
    size_t count = 1;
    for (int i = 0; i < shape.rank; i++)
        count *= shape.size[i];
    return count;
}

/* Scatters the bits of an element's number: Fibonacci hashing twice, so that two tensors of
 * different seeds have nothing in common and long sums over both stay small. The upper half. */
static uint32_t scattered(size_t i, uint32_t seed)
{
    const uint32_t once = (uint32_t)i * 2654435761u + seed * 40503u;
    return ((once ^ once >> 15) * 2246822519u) >> 16;
}

void bench_fill(const char *tensor, size_t count, float *values)
{
    static const char *const positive[] = {"rstd", "running_var", "square_avg", "v", NULL};
    const uint32_t seed = (uint32_t)tensor[strlen(tensor) - 1];
    bool is_positive = false;
    for (const char *const *name = positive; *name != NULL; name++)
        is_positive |= strcmp(*name, tensor) == 0;
    for (size_t i = 0; i < count; i++) {
        const int small = (int)(scattered(i, seed) % 5) - 2;
        values[i] = (float)(is_positive ? small + 3 : small);
    }
}

double bench_checksum(const float *values, size_t count, double *off)
{
    double sum = 0, furthest = 0;
    for (size_t i = 0; i < count; i++) {
        const double value = (double)values[i], whole = rint(value);
        const double distance = isfinite(value) ? fabs(value - whole) : INFINITY;
        const bool rounded = off != NULL && distance <= BENCH_OFF;
        sum += (rounded ? whole : value) * ((int)(scattered(i, 0) % 7) - 3);
        furthest = fmax(furthest, distance);
    }
    if (off != NULL)
        *off = furthest;
    return sum;
}

/* Of a convolution: what one element of the result adds up. */
static double conv2d_terms(const bench_way *way, const clcnn_conv2d *d)
{
    int p = 0, q = 0;
    const int groups = d->groups ? d->groups : 1;
    clcnn_conv2d_output(d, &p, &q, NULL);
    if (way->plan_direction == CLCNN_BACKWARD_WEIGHTS)
        return (double)d->n * p * q;
    const int channels = way->plan_direction == CLCNN_FORWARD ? d->c : d->k;
    return (double)channels / groups * d->r * d->s;
}

bool bench_is_sum(const bench_way *way)
{
    return strcmp(way->op, "conv2d") == 0;
}

bool bench_is_integral(const bench_way *way, const check_desc *desc)
{
    const double product = 4; /* of the largest two values that bench_fill makes */
    return !bench_is_sum(way) || product * conv2d_terms(way, &desc->conv2d) <= 1 << FLT_MANT_DIG;
}

/* ---- Work --------------------------------------------------------------------------------------
 */

/* Multiplications of a convolution, two operations each. What padding saves is not subtracted. */
static double conv2d_flop(const clcnn_conv2d *d)
{
    int p = 0, q = 0;
    clcnn_conv2d_output(d, &p, &q, NULL);
    const int groups = d->groups ? d->groups : 1;
    return 2.0 * d->n * d->k * p * q * (d->c / groups) * d->r * d->s;
}

bench_work bench_work_of(const bench_case *c, const bench_way *way)
{
    if (way == NULL)
        return (bench_work){.images = c->images};
    double bytes = 0;
    char list[128];
    const char *moves = c->moves != NULL ? c->moves : way->moves;
    snprintf(list, sizeof list, "%s", moves != NULL ? moves : "");
    if (moves == NULL)
        for (int i = 0; way->tensors[i] != NULL; i++)
            bytes += 4.0 * (double)bench_tensor_count(way, &c->desc, way->tensors[i]);
    char *rest = list;
    for (char *name; (name = strtok_r(rest, " ", &rest)) != NULL;)
        bytes += 4.0 * (double)bench_tensor_count(way, &c->desc, name);
    return (bench_work){.flop = moves == NULL ? conv2d_flop(&c->desc.conv2d) : 0, .bytes = bytes};
}

bench_unit bench_unit_of(const bench_work *work)
{
    if (work->images > 0)
        return BENCH_IMAGES;
    return work->flop > 0 ? BENCH_GFLOPS : BENCH_GBS;
}

double bench_rate(const bench_work *work, double ms)
{
    switch (bench_unit_of(work)) {
    case BENCH_GFLOPS:
        return work->flop / ms * 1e-6;
    case BENCH_GBS:
        return work->bytes / ms * 1e-6;
    case BENCH_IMAGES:
        break;
    }
    return work->images / ms * 1e3;
}
