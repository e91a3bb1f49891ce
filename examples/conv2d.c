/*
 * The smallest whole program: one convolution on the best OpenCL device there is. It sums each 3x3
 * window of a 4x4 image and prints "45 54 81 90".
 *
 *     cc conv2d.c $(pkg-config --cflags --libs clcnn) -lOpenCL && ./a.out
 */
#include <clcnn.h>
#include <stdio.h>

int main(void)
{
    float x[16], w[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, y[4];
    for (int i = 0; i < 16; i++)
        x[i] = (float)i;
    clcnn_ctx *ctx;
    clcnn_error error;
    if (clcnn_ctx_open(&ctx, "", &error) != CLCNN_SUCCESS)
        return fprintf(stderr, "%s\n", error.message), 1;
    cl_context context = clcnn_ctx_context(ctx);
    clcnn_mem mx = {clCreateBuffer(context, CL_MEM_COPY_HOST_PTR, sizeof x, x, NULL), 0};
    clcnn_mem mw = {clCreateBuffer(context, CL_MEM_COPY_HOST_PTR, sizeof w, w, NULL), 0};
    clcnn_mem my = {clCreateBuffer(context, CL_MEM_READ_WRITE, sizeof y, NULL, NULL), 0};
    clcnn_conv2d d = {.n = 1, .c = 1, .h = 4, .w = 4, .k = 1, .r = 3, .s = 3};
    if (clcnn_conv2d_forward(ctx, &d, mx, mw, CLCNN_NO_MEM, my, NULL) != CLCNN_SUCCESS)
        return fprintf(stderr, "%s\n", clcnn_last_error(ctx)->message), 1;
    clEnqueueReadBuffer(clcnn_ctx_queue(ctx), my.buf, CL_TRUE, 0, sizeof y, y, 0, NULL, NULL);
    printf("%g %g %g %g\n", y[0], y[1], y[2], y[3]);
    clReleaseMemObject(mx.buf);
    clReleaseMemObject(mw.buf);
    clReleaseMemObject(my.buf);
    clcnn_ctx_destroy(ctx);
    return !(y[0] == 45 && y[1] == 54 && y[2] == 81 && y[3] == 90);
}
