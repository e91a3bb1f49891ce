/* A program outside the project: one operation on a device, and a network's layers. */
#include <clcnn_net.h>

#include <stdio.h>

int main(void)
{
    clcnn_ctx *ctx = NULL;
    clcnn_error error;
    if (clcnn_ctx_open(&ctx, "", &error) != CLCNN_SUCCESS) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    float values[5] = {-2, -1, 0, 1, 2};
    cl_mem buffer =
        clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_COPY_HOST_PTR, sizeof values, values, NULL);
    clcnn_activation relu = {.count = 5, .kind = CLCNN_RELU};
    clcnn_mem x = {buffer, 0};
    if (clcnn_activation_forward(ctx, &relu, x, x) != CLCNN_SUCCESS) {
        fprintf(stderr, "%s\n", clcnn_last_error(ctx)->message);
        return 1;
    }
    clEnqueueReadBuffer(clcnn_ctx_queue(ctx), buffer, CL_TRUE, 0, sizeof values, values, 0, NULL,
                        NULL);
    clReleaseMemObject(buffer);
    clcnn_ctx_destroy(ctx);

    clcnn_net_desc net = {.layers = "lenet5", .c = 1, .h = 28, .w = 28};
    size_t layers = 0;
    if (clcnn_net_layers(&net, NULL, 0, &layers, &error) != CLCNN_SUCCESS) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (int i = 0; i < 5; i++)
        printf("%g ", (double)values[i]);
    printf("%s %d\n", clcnn_version(), layers > 0);
    return 0;
}
