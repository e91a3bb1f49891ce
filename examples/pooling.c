/* Poolings of one 4x4 image, and where their gradients go. */
#include "example.h"

int main(void)
{
    static const float image[] = {1,  2,  3,  4,  //
                                  8,  7,  6,  5,  //
                                  9,  10, 11, 12, //
                                  16, 15, 14, 13};
    static const float ones[] = {1, 1, 1, 1};
    clcnn_ctx *ctx = open_device();
    clcnn_mem x = tensor(ctx, 16, image), dy = tensor(ctx, 4, ones);
    clcnn_mem y = tensor(ctx, 4, NULL), argmax = tensor(ctx, 4, NULL), dx = tensor(ctx, 16, NULL);
    int wrong = 0;

    /* The largest of each 2x2 window; a stride of 0 is the window. */
    const clcnn_maxpool2d max = {.n = 1, .c = 1, .h = 4, .w = 4, .r = 2, .s = 2};
    need(ctx, clcnn_maxpool2d_forward(ctx, &max, x, y, argmax));
    wrong += show(ctx, "largest", y, 4, 2, (float[]){8, 6, 16, 14}, 0);

    /* Each gradient goes back to where the largest element was. */
    int32_t at[4];
    fetch(ctx, argmax, 4, at);
    printf("at      %d %d %d %d\n", at[0], at[1], at[2], at[3]);
    wrong += at[0] != 4 || at[1] != 6 || at[2] != 12 || at[3] != 14;
    need(ctx, clcnn_maxpool2d_backward(ctx, &max, dy, argmax, dx));
    wrong +=
        show(ctx, "dx", dx, 16, 4, (float[]){0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0}, 0);

    /* The mean of each 2x2 window gives a quarter to each of its elements. */
    const clcnn_avgpool2d mean = {.n = 1, .c = 1, .h = 4, .w = 4, .r = 2, .s = 2};
    need(ctx, clcnn_avgpool2d_forward(ctx, &mean, x, y));
    wrong += show(ctx, "means", y, 4, 2, (float[]){4.5f, 4.5f, 12.5f, 12.5f}, 0);
    need(ctx, clcnn_avgpool2d_backward(ctx, &mean, dy, dx));
    float quarters[16];
    for (int i = 0; i < 16; i++)
        quarters[i] = 0.25f;
    wrong += show(ctx, "dx", dx, 16, 4, quarters, 0);

    /* The mean of the whole image, whatever its size. */
    const clcnn_adaptive_avgpool2d global = {.n = 1, .c = 1, .h = 4, .w = 4, .p = 1, .q = 1};
    need(ctx, clcnn_adaptive_avgpool2d_forward(ctx, &global, x, y));
    wrong += show(ctx, "mean", y, 1, 1, (float[]){8.5f}, 0);
    return finish(ctx, wrong);
}
