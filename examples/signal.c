/* Signals: numpy's correlate and convolve, and a convolution layer in one dimension. */
#include "example.h"

int main(void)
{
    static const float numbers[] = {1, 2, 3, 4, 5}, filter[] = {1, 0, -1};
    clcnn_ctx *ctx = open_device();
    clcnn_mem a = tensor(ctx, 5, numbers), b = tensor(ctx, 3, filter), y = tensor(ctx, 16, NULL);
    int wrong = 0;

    /* y[k] = a[k] - a[k + 2], where the filter lies wholly within the signal. */
    clcnn_correlate1d d = {.a = 5, .b = 3, .mode = CLCNN_VALID};
    need(ctx, clcnn_correlate1d_forward(ctx, &d, a, b, y));
    wrong += show(ctx, "valid", y, 3, 3, (float[]){-2, -2, -2}, 0);

    /* As long as the signal, with zeros around it; convolution turns the filter round. */
    d.mode = CLCNN_SAME;
    d.convolve = 1;
    need(ctx, clcnn_correlate1d_forward(ctx, &d, a, b, y));
    wrong += show(ctx, "same", y, 5, 5, (float[]){2, 2, 2, 2, -4}, 0);

    /* Products of polynomials are full convolutions: (1 + 2t + 3t^2 + 4t^3 + 5t^4)(1 - t^2). */
    d.mode = CLCNN_FULL;
    need(ctx, clcnn_correlate1d_forward(ctx, &d, a, b, y));
    wrong += show(ctx, "full", y, 7, 7, (float[]){1, 2, 2, 2, 2, -4, -5}, 0);

    /* A layer: two filters over the signal, each at every second place, with ReLU and gradients. */
    static const float filters[] = {1, 1, 1, -1, 0, 1}, gradient[] = {1, 1, 1, 1};
    const clcnn_conv1d layer = {
        .n = 1, .c = 1, .w = 5, .k = 2, .s = 3, .stride = 2, .activation = CLCNN_RELU};
    clcnn_mem w = tensor(ctx, 6, filters), dy = tensor(ctx, 4, gradient), dw = tensor(ctx, 6, NULL);
    need(ctx, clcnn_conv1d_forward(ctx, &layer, a, w, CLCNN_NO_MEM, y, NULL));
    wrong += show(ctx, "layer", y, 4, 2, (float[]){6, 12, 2, 2}, 0);
    need(ctx, clcnn_conv1d_backward_weights(ctx, &layer, a, dy, dw, CLCNN_NO_MEM, NULL));
    wrong += show(ctx, "dw", dw, 6, 3, (float[]){4, 6, 8, 4, 6, 8}, 0);
    return finish(ctx, wrong);
}
