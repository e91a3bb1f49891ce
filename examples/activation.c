/* The nine activations of five numbers, in place, and the gradient of the last. */
#include "example.h"

int main(void)
{
    static const float numbers[] = {-2, -0.5f, 0, 0.5f, 2}, ones[] = {1, 1, 1, 1, 1};
    static const struct {
        const char *name;
        clcnn_activation_kind kind;
        double alpha;
        float want[5]; /* to four digits */
    } rows[] = {{"same", CLCNN_IDENTITY, 0, {-2, -0.5f, 0, 0.5f, 2}},
                {"relu", CLCNN_RELU, 0, {0, 0, 0, 0.5f, 2}},
                {"leaky", CLCNN_LEAKY_RELU, 0.1, {-0.2f, -0.05f, 0, 0.5f, 2}},
                {"elu", CLCNN_ELU, 1, {-0.8647f, -0.3935f, 0, 0.5f, 2}},
                {"sigmoid", CLCNN_SIGMOID, 0, {0.1192f, 0.3775f, 0.5f, 0.6225f, 0.8808f}},
                {"tanh", CLCNN_TANH, 0, {-0.9640f, -0.4621f, 0, 0.4621f, 0.9640f}},
                {"silu", CLCNN_SILU, 0, {-0.2384f, -0.1888f, 0, 0.3112f, 1.7616f}},
                {"gelu", CLCNN_GELU, 0, {-0.0455f, -0.1543f, 0, 0.3457f, 1.9545f}},
                {"gelu~", CLCNN_GELU_TANH, 0, {-0.0454f, -0.1543f, 0, 0.3457f, 1.9546f}}};
    clcnn_ctx *ctx = open_device();
    int wrong = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const clcnn_activation d = {.count = 5, .kind = rows[i].kind, .alpha = rows[i].alpha};
        clcnn_mem x = tensor(ctx, 5, numbers);
        need(ctx, clcnn_activation_forward(ctx, &d, x, x)); /* y may be x itself */
        wrong += show(ctx, rows[i].name, x, 5, 5, rows[i].want, 0.0001f);
    }

    /* The sigmoid's slope is y * (1 - y), so that y alone will do. */
    const clcnn_activation sigmoid = {.count = 5, .kind = CLCNN_SIGMOID};
    clcnn_mem y = tensor(ctx, 5, numbers), dy = tensor(ctx, 5, ones);
    need(ctx, clcnn_activation_forward(ctx, &sigmoid, y, y));
    need(ctx, clcnn_activation_backward(ctx, &sigmoid, CLCNN_NO_MEM, y, dy, dy));
    wrong +=
        show(ctx, "slope", dy, 5, 5, (float[]){0.1050f, 0.2350f, 0.25f, 0.2350f, 0.1050f}, 0.0001f);
    return finish(ctx, wrong);
}
