/*
 * The gradients of whole networks, on the device against the reference in double: values that meet
 * again, that are taken by several layers, normalised, dropped, frozen.
 *
 * How far a float computation may be off has no closed form for such a network, so it is measured.
 * The float result of a dot product is the exact one for weights that are each off by at most
 * gamma(n + 2) of themselves; so the reference is run again with weights and images disturbed by
 * that much at random. What that does to an element's gradient, times SAFETY, is its bound, and a
 * few roundings of the largest gradient besides. A gradient that is missing, added twice or read
 * too late is off by as much as it is large.
 */
#include "check.h"
#include "clcnn_net.h"
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 3, RUNS = 6, SAFETY = 16, LONGEST = 600 /* summands of a dot product here */ };

static const struct {
    const char *layers;
    int c, h, w;
} nets[] = {
    {"conv 4 3x3 pad 1, relu, maxpool 2, conv 6 3x3, relu, flatten, dense 7, relu, dense 5", 2, 9,
     8},
    /* residual on the images, then on an output that three layers take */
    {"conv 2 3x3 pad 1 as a, conv 2 1x1 as b, add a, relu as c, conv 2 3x3 pad 1, add b, add c, "
     "dense 5",
     2, 6, 6},
    /* a sum with itself; a layer that feeds a sum directly from its other summand */
    {"conv 3 3x3 as a, add a as b, conv 3 1x1, add b, conv 3 1x1 as d, conv 3 3x3 pad 1 from d, "
     "add d, dense 5",
     2, 6, 6},
    /* sums of sums, whose gradients are one */
    {"conv 3 3x3 pad 1 as a, conv 3 3x3 pad 1 as b, conv 3 3x3 pad 1, add b, add a, relu, dense 5",
     2, 6, 6},
    {"conv 3 1x1 as a, relu as b, conv 3 1x1 from a, relu, add b, relu as c, conv 3 1x1, add c, "
     "dense 5",
     2, 6, 6},
    /* batch-norm as a second taker: it cannot add to a gradient by itself */
    {"conv 4 3x3 as a, batchnorm, relu, conv 4 3x3 pad 1, batchnorm, add a, relu, globalavgpool, "
     "dense 5",
     2, 7, 7},
    {"conv 4 3x3 as a, batchnorm as b, conv 4 1x1 from a, batchnorm, add b, tanh as c, batchnorm, "
     "add c, avgpool 2, dense 5",
     2, 7, 7},
    {"conv 4 3x3 as a, layernorm, gelu as b, layernorm from a, silu, add b, dense 5", 2, 6, 6},
    /* dropout in place and not, behind values that are kept and that are not */
    {"conv 4 3x3, dropout 0.25, batchnorm, dropout 0.5, relu, dropout 0.3 as a, conv 4 1x1, add a, "
     "dense 8, elu, dropout 0.2, dense 5",
     2, 7, 7},
    {"dropout 0.3 as a, conv 2 3x3 pad 1, dropout 0.5, add a, dense 5", 2, 5, 5},
    /* frozen: at the beginning, in the middle, statistics that stay */
    {"conv 4 3x3 frozen, batchnorm frozen, relu as a, conv 4 3x3 pad 1, batchnorm frozen, add a, "
     "relu, conv 3 3x3 frozen, dense 5",
     2, 8, 8},
    {"conv 4 3x3 pad 1 stride 2 nobias, batchnorm, leaky_relu 0.2 as a, conv 6 3x3 pad 1 stride 2 "
     "groups 2 nobias, batchnorm as m, conv 6 1x1 stride 2 nobias from a, batchnorm, add m, relu, "
     "globalmaxpool, dense 5",
     3, 9, 9},
    {"conv 4 3x3, sigmoid as a, maxpool 2 stride 1, avgpool 2 pad 1 stride 1 count_pad, gelu_tanh, "
     "flatten, dense 6 nobias, dense 5",
     2, 6, 6},
};
enum { NETS = sizeof nets / sizeof *nets };

typedef struct problem {
    clcnn_net_desc desc;
    size_t values, image;
    float *first, *images;
    int32_t labels[BATCH];
    clcnn_net_step step;
    double loss, loss_bound;
    double *gradient, *bound;
} problem;

static float *reals(size_t count, double low, double high, check_random *random)
{
    float *x = malloc((count + 1) * sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(low + (high - low) * check_random_real(random));
    return x;
}

static float *disturbed(const float *x, size_t count, check_random *random)
{
    const double size = LONGEST * 0x1p-24;
    float *y = reals(count, 1 - size, 1 + size, random);
    for (size_t i = 0; i < count; i++)
        y[i] *= x[i];
    return y;
}

static bool reference(const problem *p, const float *values, const float *images, double *loss,
                      double *gradient)
{
    clcnn_error error = {.message = ""};
    return CHECK(clcnn_ref_net_gradient(&p->desc, values, images, p->labels, &p->step, loss,
                                        gradient, &error) == CLCNN_SUCCESS,
                 "%s: %s", p->desc.layers, error.message);
}

/* How much disturbed weights and images move loss and gradient: the largest over all runs. */
static void measure_bounds(problem *p, check_random *random)
{
    double *gradient = calloc(p->values + 1, sizeof *gradient), loss = 0;
    for (int run = 0; run < RUNS; run++) {
        float *values = disturbed(p->first, p->values, random);
        float *images = disturbed(p->images, p->image * BATCH, random);
        if (reference(p, values, images, &loss, gradient)) {
            p->loss_bound = fmax(p->loss_bound, SAFETY * fabs(loss - p->loss));
            for (size_t i = 0; i < p->values; i++)
                p->bound[i] = fmax(p->bound[i], fabs(gradient[i] - p->gradient[i]));
        }
        free(values);
        free(images);
    }
    double largest = 0;
    for (size_t i = 0; i < p->values; i++)
        largest = fmax(largest, fabs(p->gradient[i]));
    for (size_t i = 0; i < p->values; i++)
        p->bound[i] = SAFETY * (p->bound[i] + 0x1p-24 * largest);
    p->loss_bound += SAFETY * 0x1p-24 * fabs(p->loss);
    free(gradient);
}

static void tear_down(problem *p)
{
    free(p->first);
    free(p->images);
    free(p->gradient);
    free(p->bound);
    *p = (problem){0};
}

/* One step of SGD from a velocity of 0 leaves the gradient, to the bit, as the velocity. */
static bool on_device(const problem *p, clcnn_ctx *ctx, clcnn_net *net, float *loss,
                      float *velocity)
{
    const size_t count = p->image * BATCH;
    cl_int code;
    float *batch = calloc(count + BATCH + 1, sizeof *batch);
    memcpy(batch, p->images, count * sizeof *batch);
    memcpy(batch + count, p->labels, sizeof p->labels);
    cl_mem mem = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                (count + BATCH + 1) * sizeof *batch, batch, &code);
    cl_command_queue queue = clcnn_ctx_queue(ctx);
    float *zero = calloc(p->values, sizeof *zero), *after = calloc(p->values, sizeof *after);
    bool ok = CHECK(mem != NULL, "clCreateBuffer: %d", code) &&
              CHECK(clcnn_net_write(net, p->first, zero, zero) == CLCNN_SUCCESS, "write");
    if (ok) {
        ok = CHECK(clcnn_net_train_step(net, BATCH, (clcnn_mem){mem, 0}, (clcnn_mem){mem, count},
                                        (clcnn_mem){mem, count + BATCH}, &p->step) == CLCNN_SUCCESS,
                   "%s: %s", p->desc.layers, clcnn_last_error(ctx)->message) &&
             CHECK(clcnn_net_read(net, after, velocity, NULL) == CLCNN_SUCCESS, "read");
        clEnqueueReadBuffer(queue, mem, CL_TRUE, (count + BATCH) * sizeof(float), sizeof *loss,
                            loss, 0, NULL, NULL);
    }
    if (mem)
        clReleaseMemObject(mem);
    free(batch);
    free(zero);
    free(after);
    return ok;
}

static bool set_up(problem *p, int which, clcnn_net *net, check_random *random)
{
    *p = (problem){.desc = *clcnn_net_get_desc(net),
                   .values = clcnn_net_values(net),
                   .step = {.optimiser = CLCNN_SGD,
                            .momentum = 0.5,
                            .label_smoothing = which % 2 ? 0.1 : 0,
                            .step = 7,
                            .seed = 11}};
    p->image = (size_t)p->desc.c * (size_t)p->desc.h * (size_t)p->desc.w;
    p->first = reals(p->values, 0.1, 0.9, random); /* variances are positive */
    float *weights = calloc(p->values, sizeof *weights);
    clcnn_net_read(net, weights, NULL, NULL);
    for (size_t i = 0; i < p->values; i++) /* what is drawn stays, what begins as 0 or 1 moves */
        if (weights[i] != 0 && weights[i] != 1)
            p->first[i] = weights[i];
    free(weights);
    p->images = reals(p->image * BATCH, -1, 1, random);
    for (int i = 0; i < BATCH; i++)
        p->labels[i] = check_random_int(random, 0, 4);
    p->gradient = calloc(p->values + 1, sizeof *p->gradient);
    p->bound = calloc(p->values + 1, sizeof *p->bound);
    return reference(p, p->first, p->images, &p->loss, p->gradient);
}

static void compare(const problem *p, const char *device, float loss, const float *velocity)
{
    CHECK(fabs((double)loss - p->loss) <= p->loss_bound, "%s on %s: loss %.9g, not %.9g +- %.3g",
          p->desc.layers, device, (double)loss, p->loss, p->loss_bound);
    size_t wrong = 0, nonzero = 0;
    for (size_t i = 0; i < p->values && wrong < 5; i++) {
        const double error = fabs((double)velocity[i] - p->gradient[i]);
        nonzero += velocity[i] != 0;
        wrong += !CHECK(error <= p->bound[i],
                        "%s on %s: gradient %zu of %zu is %.9g, not %.9g +- %.3g", p->desc.layers,
                        device, i, p->values, (double)velocity[i], p->gradient[i], p->bound[i]);
    }
    CHECK(nonzero > 0, "%s: all gradients are 0", p->desc.layers);
}

static void check_net(int device, int which, check_random *random)
{
    clcnn_ctx *ctx = harness_ctx(device);
    const clcnn_net_desc desc = {.layers = nets[which].layers,
                                 .batch = BATCH,
                                 .c = nets[which].c,
                                 .h = nets[which].h,
                                 .w = nets[which].w,
                                 .seed = harness_seed() + (uint64_t)which,
                                 .training = 1};
    clcnn_net *net;
    clcnn_error error = {.message = ""};
    if (!CHECK(clcnn_net_create(ctx, &desc, &net, &error) == CLCNN_SUCCESS, "%s on %s: %s\n%s",
               desc.layers, harness_device_name(device), error.message, error.build_log))
        return;
    problem p;
    float loss = 0, *velocity = calloc(clcnn_net_values(net) + 1, sizeof *velocity);
    if (set_up(&p, which, net, random)) {
        measure_bounds(&p, random);
        if (on_device(&p, ctx, net, &loss, velocity))
            compare(&p, harness_device_name(device), loss, velocity);
    }
    tear_down(&p);
    free(velocity);
    clcnn_net_destroy(net);
}

static void test_gradients(void)
{
    for (int device = 0; device < harness_device_count(); device++) {
        check_random random = {harness_seed()};
        for (int i = 0; i < NETS; i += harness_short() ? 3 : 1)
            check_net(device, i, &random);
    }
}

/* The check itself: a network whose layers are right, by differences of the loss. */
static void sum_up(const clcnn_gradcheck_row *row, void *user)
{
    size_t *checked = user;
    *checked += row->checked;
    CHECK(row->error < CLCNN_GRADCHECK_LIMIT, "%s: element %zu is %.9g, differences say %.9g",
          row->name, row->worst, row->analytic, row->numeric);
}

static void test_differences(void)
{
    for (int i = 0; i < NETS; i++) {
        const clcnn_net_desc desc = {.layers = nets[i].layers,
                                     .batch = 4,
                                     .c = nets[i].c,
                                     .h = nets[i].h,
                                     .w = nets[i].w,
                                     .seed = harness_seed() + (uint64_t)i};
        clcnn_error error = {.message = ""};
        size_t checked = 0;
        CHECK(clcnn_net_gradcheck(&desc, 6, sum_up, &checked, &error) == CLCNN_SUCCESS &&
                  checked > 0,
              "%s: %s, %zu elements", desc.layers, error.message, checked);
    }
}

/* A network without normalisation is checked where its outputs are all of about the same size: one
 * that outweighs the others has a gradient of 0 or 1 in the loss, whatever softmax computes. */
static void find_share(const clcnn_gradcheck_row *row, void *user)
{
    if (strcmp(row->name, "11.bias") == 0)
        *(double *)user = fabs(row->analytic);
}

static void test_place_of_differences(void)
{
    const clcnn_net_desc desc = {
        .layers = "lenet5", .batch = 1, .c = 1, .h = 28, .w = 28, .seed = harness_seed()};
    clcnn_error error = {0};
    double share = 0;
    CHECK(clcnn_net_gradcheck(&desc, 1, find_share, &share, &error) == CLCNN_SUCCESS, "%s",
          error.message);
    CHECK(share > 0.01 && share < 0.99, "one of ten outputs has a gradient of %g", share);
}

int main(void)
{
    static const harness_test tests[] = {{"gradients of graphs", test_gradients},
                                         {"place of the differences", test_place_of_differences},
                                         {"differences of the loss", test_differences},
                                         {NULL, NULL}};
    return harness_run("netgradient", tests);
}
