/* Three ways to a larger image: nearest element, bilinear, and a convolution the other way round.
 */
#include "example.h"

int main(void)
{
    static const float image[] = {1, 3, 5, 7}, filter[] = {1, 2, 3, 4};
    clcnn_ctx *ctx = open_device();
    clcnn_mem x = tensor(ctx, 4, image), y = tensor(ctx, 16, NULL), w = tensor(ctx, 4, filter);
    int wrong = 0;

    clcnn_upsample2d d = {.n = 1, .c = 1, .h = 2, .w = 2, .scale_h = 2, .scale_w = 2};
    need(ctx, clcnn_upsample2d_forward(ctx, &d, x, y));
    static const float nearest[] = {1, 1, 3, 3, 1, 1, 3, 3, 5, 5, 7, 7, 5, 5, 7, 7};
    wrong += show(ctx, "nearest", y, 16, 4, nearest, 0);

    d.kind = CLCNN_BILINEAR;
    need(ctx, clcnn_upsample2d_forward(ctx, &d, x, y));
    static const float between[] = {1, 1.5f, 2.5f, 3, 2, 2.5f, 3.5f, 4,
                                    4, 4.5f, 5.5f, 6, 5, 5.5f, 6.5f, 7};
    wrong += show(ctx, "between", y, 16, 4, between, 0);

    /* Every pixel becomes the 2x2 filter times its value; at stride 2 they lie side by side. */
    const clcnn_conv2d_transpose t = {
        .n = 1, .c = 1, .h = 2, .w = 2, .k = 1, .r = 2, .s = 2, .stride_h = 2, .stride_w = 2};
    int p, q;
    need(ctx, clcnn_conv2d_transpose_output(&t, &p, &q, NULL));
    printf("%d x %d\n", p, q);
    need(ctx, clcnn_conv2d_transpose_forward(ctx, &t, x, w, CLCNN_NO_MEM, y, NULL));
    static const float stamped[] = {1, 2, 3, 6, 3, 4, 9, 12, 5, 10, 7, 14, 15, 20, 21, 28};
    wrong += show(ctx, "stamped", y, 16, 4, stamped, 0);
    return finish(ctx, wrong || p != 4 || q != 4);
}
