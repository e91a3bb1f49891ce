/*
 * conv2d on real layers: bench_conv2d [DEVICE] [ROUNDS]. For each layer, direction and algorithm
 * that has it: the median and the fastest of ROUNDS calls in milliseconds, GFLOP/s of the median
 * (two operations per multiplication, what padding saves not subtracted), and the workspace.
 * Packing and padding are part of every call. `*` marks what the default takes.
 *
 * The algorithms of a layer take turns, so that a machine whose speed drifts treats them alike.
 */
#include "../tests/conv2d_cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_ALGOS = 8, MOST_ROUNDS = 101 };
static const double SLOW = 0.5; /* seconds: an algorithm that takes longer runs once */

typedef struct bench {
    clcnn_ctx *ctx;
    const clcnn_conv2d *d;
    clcnn_mem x, w, y, workspace;
    int rounds;
} bench;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_conv2d: %s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static clcnn_mem new_tensor(clcnn_ctx *ctx, size_t count)
{
    cl_int code = CL_SUCCESS;
    float *values = malloc((count + 1) * sizeof *values);
    if (!values)
        fail("no memory", "for a tensor");
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(i * 2654435761u % 2001) / 1000.0f - 1.0f;
    cl_mem buf = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                (count + 1) * sizeof *values, values, &code);
    free(values);
    if (code != CL_SUCCESS)
        fail("clCreateBuffer", "the device has no room for this layer");
    return (clcnn_mem){buf, 0};
}

/* One call, finished. The buffers hold enough for every direction; results go where inputs aren't.
 */
static double time_call(const bench *b, clcnn_direction direction, const clcnn_plan *plan)
{
    const double begin = now();
    clcnn_status status;
    if (direction == CLCNN_FORWARD)
        status = clcnn_conv2d_forward(b->ctx, b->d, b->x, b->w, CLCNN_NO_MEM, b->y, plan);
    else if (direction == CLCNN_BACKWARD_DATA)
        status = clcnn_conv2d_backward_data(b->ctx, b->d, b->y, b->w, b->x, plan);
    else
        status = clcnn_conv2d_backward_weights(b->ctx, b->d, b->x, b->y, b->w, CLCNN_NO_MEM, plan);
    if (status != CLCNN_SUCCESS)
        fail(plan->algo, clcnn_last_error(b->ctx)->message);
    clFinish(clcnn_ctx_queue(b->ctx));
    return now() - begin;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void run_direction(const bench *b, const char *layer, clcnn_direction direction, double flop)
{
    static const char *const names[] = {"forward", "backward_data", "backward_weights"};
    clcnn_plan plans[MOST_ALGOS], chosen;
    double seconds[MOST_ALGOS][MOST_ROUNDS];
    int done[MOST_ALGOS] = {0}, count = 0;
    if (clcnn_conv2d_plan(b->ctx, b->d, direction, NULL, CLCNN_ANY_WORKSPACE, &chosen))
        fail(layer, clcnn_last_error(b->ctx)->message);
    for (const clcnn_algo *a = clcnn_algos("conv2d"); a->name && count < MOST_ALGOS; a++)
        if (!clcnn_conv2d_plan(b->ctx, b->d, direction, a->name, CLCNN_ANY_WORKSPACE,
                               &plans[count])) {
            plans[count].workspace = new_tensor(b->ctx, plans[count].workspace_bytes / 4);
            time_call(b, direction, &plans[count++]); /* builds, and warms up */
        }
    for (int round = 0; round < b->rounds; round++)
        for (int i = 0; i < count; i++)
            if (!done[i] || seconds[i][0] < SLOW)
                seconds[i][done[i]++] = time_call(b, direction, &plans[i]);
    for (int i = 0; i < count; i++) {
        qsort(seconds[i], (size_t)done[i], sizeof seconds[i][0], by_value);
        const double median = seconds[i][done[i] / 2];
        printf("%-24s %-17s %-7s%c %9.3f %9.3f %9.1f %9.1f\n", layer, names[direction],
               plans[i].algo, strcmp(plans[i].algo, chosen.algo) ? ' ' : '*', median * 1e3,
               seconds[i][0] * 1e3, flop / median * 1e-9,
               (double)plans[i].workspace_bytes / 1048576.0);
        clReleaseMemObject(plans[i].workspace.buf);
    }
    fflush(stdout);
}

static void run_layer(bench *b, const conv2d_case *layer)
{
    const clcnn_conv2d *d = &layer->d;
    int p = 0, q = 0;
    clcnn_conv2d_output(d, &p, &q, NULL);
    const size_t group_c = (size_t)(d->c / (d->groups ? d->groups : 1));
    const size_t x = (size_t)d->n * (size_t)d->c * (size_t)d->h * (size_t)d->w;
    const size_t w = (size_t)d->k * group_c * (size_t)d->r * (size_t)d->s;
    const size_t y = (size_t)d->n * (size_t)d->k * (size_t)p * (size_t)q;
    b->d = d;
    b->x = new_tensor(b->ctx, x);
    b->w = new_tensor(b->ctx, w);
    b->y = new_tensor(b->ctx, y);
    const double flop = 2.0 * (double)y * (double)group_c * d->r * d->s;
    for (int direction = CLCNN_FORWARD; direction <= CLCNN_BACKWARD_WEIGHTS; direction++)
        run_direction(b, layer->name, (clcnn_direction)direction, flop);
    clReleaseMemObject(b->x.buf);
    clReleaseMemObject(b->w.buf);
    clReleaseMemObject(b->y.buf);
}

int main(int argc, char **argv)
{
    clcnn_error error;
    bench b = {.rounds = argc > 2 ? atoi(argv[2]) : 7};
    if (argc > 3 || b.rounds < 1 || b.rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: bench_conv2d [DEVICE] [ROUNDS, 1 to %d]\n", MOST_ROUNDS);
        return 2;
    }
    if (clcnn_ctx_open(&b.ctx, argc > 1 ? argv[1] : "", &error))
        fail("no device", error.message);
    printf("# %s\n%-24s %-17s %-8s %9s %9s %9s %9s\n", clcnn_ctx_device_info(b.ctx)->name, "layer",
           "direction", "algo", "median ms", "best ms", "GFLOP/s", "work MiB");
    for (const conv2d_case *layer = conv2d_layers; layer->name; layer++)
        run_layer(&b, layer);
    clcnn_ctx_destroy(b.ctx);
    return 0;
}
