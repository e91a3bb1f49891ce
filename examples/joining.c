/* What networks with more than one path need: side by side, a part, a sum, a frame of zeros. */
#include "example.h"

int main(void)
{
    static const float one[] = {1, 2, 3, 4}, two[] = {5, 6, 7, 8, 9, 10, 11, 12};
    clcnn_ctx *ctx = open_device();
    clcnn_mem a = tensor(ctx, 4, one), b = tensor(ctx, 8, two), all = tensor(ctx, 12, NULL);
    clcnn_mem y = tensor(ctx, 16, NULL);
    int wrong = 0;

    /* One channel and two channels of 2x2 are three. */
    const int channels[] = {1, 2};
    const clcnn_concat together = {.n = 1, .h = 2, .w = 2, .inputs = 2, .channels = channels};
    need(ctx, clcnn_concat_forward(ctx, &together, (clcnn_mem[]){a, b}, all));
    wrong += show(ctx, "concat", all, 12, 4, (float[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 0);

    /* The last of the three. */
    const clcnn_slice part = {.n = 1, .c = 3, .h = 2, .w = 2, .begin = 2, .count = 1};
    need(ctx, clcnn_slice_forward(ctx, &part, all, y));
    wrong += show(ctx, "slice", y, 4, 4, (float[]){9, 10, 11, 12}, 0);

    /* A residual connection with its ReLU: max(a + y, 0), in a's place. */
    const clcnn_add residual = {.n = 1, .c = 1, .h = 2, .w = 2, .activation = CLCNN_RELU};
    need(ctx, clcnn_add_forward(ctx, &residual, a, y, a));
    wrong += show(ctx, "add", a, 4, 4, (float[]){10, 12, 14, 16}, 0);

    /* A bias for each channel, b being [c]: 10, 12 and 14, the first three of a. */
    const clcnn_add bias = {.n = 1, .c = 3, .h = 2, .w = 2, .broadcast = 1};
    need(ctx, clcnn_add_forward(ctx, &bias, all, a, all));
    wrong +=
        show(ctx, "bias", all, 12, 4, (float[]){11, 12, 13, 14, 17, 18, 19, 20, 23, 24, 25, 26}, 0);

    /* Zeros around it. */
    const clcnn_pad2d frame = {.n = 1, .c = 1, .h = 2, .w = 2, .pad_top = 1, .pad_left = 2};
    need(ctx, clcnn_pad2d_forward(ctx, &frame, a, y));
    wrong += show(ctx, "pad", y, 12, 4, (float[]){0, 0, 0, 0, 0, 0, 10, 12, 0, 0, 14, 16}, 0);
    return finish(ctx, wrong);
}
