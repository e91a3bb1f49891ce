/* Random numbers that every device draws alike: uniform, normal, and a dropout's mask. */
#include "example.h"

enum { COUNT = 10000 };

int main(void)
{
    static float values[COUNT], again[COUNT];
    clcnn_ctx *ctx = open_device();
    clcnn_mem x = tensor(ctx, COUNT, NULL), y = tensor(ctx, COUNT, NULL);
    int wrong = 0;

    /* The same bits everywhere, so that four of them can stand here. */
    const clcnn_uniform uniform = {.count = COUNT, .seed = 42, .low = -1, .high = 1};
    need(ctx, clcnn_uniform_fill(ctx, &uniform, x));
    double want[COUNT];
    clcnn_ref_uniform_fill(&uniform, want);
    fetch(ctx, x, COUNT, values);
    printf("uniform %g %g %g %g ...\n", (double)values[0], (double)values[1], (double)values[2],
           (double)values[3]);
    for (int i = 0; i < COUNT; i++)
        wrong += values[i] < (float)want[i] || values[i] > (float)want[i];

    /* Mean and deviation of ten thousand: within five of their own deviations. */
    const clcnn_normal normal = {.count = COUNT, .seed = 42, .mean = 3, .deviation = 2};
    need(ctx, clcnn_normal_fill(ctx, &normal, x));
    fetch(ctx, x, COUNT, values);
    double sum = 0, squares = 0;
    for (int i = 0; i < COUNT; i++) {
        sum += (double)values[i];
        squares += ((double)values[i] - 3) * ((double)values[i] - 3);
    }
    const double mean = sum / COUNT, deviation = sqrt(squares / COUNT);
    printf("normal  mean %.3f, deviation %.3f\n", mean, deviation);
    wrong += fabs(mean - 3) > 0.1 || fabs(deviation - 2) > 0.075;

    /* A mask is a function of seed, step, stream and element: backward makes it anew. */
    const clcnn_dropout drop = {.count = COUNT, .drop = 0.25, .seed = 42, .step = 7};
    clcnn_mem block = tensor(ctx, CLCNN_DROPOUT_BLOCK, NULL);
    for (int i = 0; i < COUNT; i++)
        values[i] = 3;
    clcnn_mem threes = tensor(ctx, COUNT, values);
    need(ctx, clcnn_dropout_prepare(ctx, &drop, block));
    need(ctx, clcnn_dropout_forward(ctx, &drop, threes, block, x));
    need(ctx, clcnn_dropout_backward(ctx, &drop, threes, block, y));
    fetch(ctx, x, COUNT, values);
    fetch(ctx, y, COUNT, again);
    int dropped = 0;
    for (int i = 0; i < COUNT; i++) {
        const int is_0 = fabsf(values[i]) < 0.5f;
        dropped += is_0;
        wrong += !is_0 && fabsf(values[i] - 4) > 0.0001f; /* 3 / (1 - 0.25) */
        wrong += values[i] < again[i] || values[i] > again[i];
    }
    printf("dropout %d of %d elements are 0\n", dropped, COUNT);
    wrong += abs(dropped - COUNT / 4) > 220;
    return finish(ctx, wrong);
}
