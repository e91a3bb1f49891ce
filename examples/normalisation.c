/* Two channels of four numbers each, far from 0, by batchnorm and layernorm. */
#include "example.h"

int main(void)
{
    /* n = 4 rows of 2 channels: one goes 1, 2, 3, 4, the other 1000, 1000, 1002, 1002. */
    static const float rows[] = {1, 1000, 2, 1000, 3, 1002, 4, 1002};
    static const float zeros[] = {0, 0}, ones[] = {1, 1};
    clcnn_ctx *ctx = open_device();
    int wrong = 0;
    clcnn_batchnorm_mems m = {.x = tensor(ctx, 8, rows),
                              .y = tensor(ctx, 8, NULL),
                              .mean = tensor(ctx, 2, NULL),
                              .rstd = tensor(ctx, 2, NULL),
                              .running_mean = tensor(ctx, 2, zeros),
                              .running_var = tensor(ctx, 2, ones)};

    /* Training: by the batch's own mean and variance, which the running ones follow. */
    clcnn_batchnorm d = {.n = 4, .c = 2, .momentum = 0.5};
    clcnn_plan plan;
    need(ctx, clcnn_batchnorm_plan(ctx, &d, CLCNN_FORWARD, &plan));
    give_workspace(ctx, &plan);
    need(ctx, clcnn_batchnorm_forward(ctx, &d, &m, &plan));
    static const float normal[] = {-1.3416f, -1, -0.4472f, -1, 0.4472f, 1, 1.3416f, 1};
    wrong += show(ctx, "y", m.y, 8, 2, normal, 0.001f);
    wrong += show(ctx, "mean", m.mean, 2, 2, (float[]){2.5f, 1001}, 0.001f);
    wrong += show(ctx, "running", m.running_mean, 2, 2, (float[]){1.25f, 500.5f}, 0.001f);

    /* Inference: by the running ones, held fixed; no plan is needed. */
    d.inference = 1;
    need(ctx, clcnn_batchnorm_forward(ctx, &d, &m, NULL));
    static const float fixed[] = {-0.2357f, 499.50f, 0.7071f, 499.50f,
                                  1.6499f,  501.50f, 2.5927f, 501.50f};
    wrong += show(ctx, "y", m.y, 8, 2, fixed, 0.01f);

    /* Or within each row: here every row is two numbers, one below and one above their mean. */
    const clcnn_layernorm rowwise = {.n = 4, .d = 2};
    need(ctx, clcnn_layernorm_forward(ctx, &rowwise, &(clcnn_layernorm_mems){.x = m.x, .y = m.y}));
    wrong += show(ctx, "rows", m.y, 8, 2, (float[]){-1, 1, -1, 1, -1, 1, -1, 1}, 0.001f);
    return finish(ctx, wrong);
}
