/* A convolution as a matrix product: windows as columns, times the filters as rows. */
#include "example.h"

enum { C = 2, H = 4, W = 5, K = 3, R = 2, S = 2, P = 3, Q = 4 };

int main(void)
{
    static float image[C * H * W], filters[K * C * R * S], want[K * P * Q];
    for (int i = 0; i < C * H * W; i++)
        image[i] = (float)(i % 7);
    for (int i = 0; i < K * C * R * S; i++)
        filters[i] = (float)(i % 5 - 2);
    clcnn_ctx *ctx = open_device();
    clcnn_mem x = tensor(ctx, C * H * W, image), w = tensor(ctx, K * C * R * S, filters);
    clcnn_mem columns = tensor(ctx, C * R * S * P * Q, NULL), y = tensor(ctx, K * P * Q, NULL);
    int wrong = 0;

    /* What it should be: the convolution itself. */
    const clcnn_conv2d conv = {.n = 1, .c = C, .h = H, .w = W, .k = K, .r = R, .s = S};
    need(ctx, clcnn_conv2d_forward(ctx, &conv, x, w, CLCNN_NO_MEM, y, NULL));
    fetch(ctx, y, K * P * Q, want);

    /* [C*R*S, P*Q]: one column for each window. */
    const clcnn_im2col d = {.n = 1, .c = C, .h = H, .w = W, .r = R, .s = S};
    need(ctx, clcnn_im2col_forward(ctx, &d, x, columns));

    /* The product of two matrices is what dense's gradient of the data computes: dy times w. */
    const clcnn_dense product = {.n = K, .c = P * Q, .k = C * R * S};
    need(ctx, clcnn_dense_backward_data(ctx, &product, w, columns, y, NULL));
    wrong += show(ctx, "product", y, K * P * Q, Q, want, 0);

    /* And back: every element as often as windows took it, once in the corners. */
    clcnn_mem back = tensor(ctx, C * H * W, NULL);
    need(ctx, clcnn_col2im_forward(ctx, &d, columns, back));
    for (int i = 0; i < C * H * W; i++) {
        const int row = i / W % H, column = i % W;
        const int windows = (row % (H - 1) == 0 ? 1 : R) * (column % (W - 1) == 0 ? 1 : S);
        image[i] *= (float)windows;
    }
    wrong += show(ctx, "back", back, C * H * W, W, image, 0);
    return finish(ctx, wrong);
}
