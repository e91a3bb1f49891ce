/*
 * A whole network from one line of text: it learns to tell upright bars from level ones in 8x8
 * images. Needs libclcnn_net:
 *
 *     cc network.c $(pkg-config --cflags --libs clcnn_net) -lOpenCL -lm && ./a.out
 */
#include "example.h"

#include <clcnn_net.h>

enum { COUNT = 16, SIDE = 8 };

int main(void)
{
    static float images[COUNT][SIDE][SIDE];
    static int32_t labels[COUNT];
    for (int i = 0; i < COUNT; i++) { /* each bar once upright, once level */
        labels[i] = i % 2;
        for (int k = 0; k < SIDE; k++)
            images[i][labels[i] ? k : i / 2][labels[i] ? i / 2 : k] = 1;
    }
    clcnn_ctx *ctx = open_device();
    clcnn_net *net;
    const clcnn_net_desc desc = {.layers = "conv 8 3x3 pad 1, relu, globalmaxpool, dense 2",
                                 .batch = COUNT,
                                 .c = 1,
                                 .h = SIDE,
                                 .w = SIDE,
                                 .seed = 1,
                                 .training = 1};
    need(ctx, clcnn_net_create(ctx, &desc, &net, NULL));
    printf("%zu parameters, %zu bytes on the device\n", clcnn_net_parameters(net),
           clcnn_net_memory(net));

    clcnn_mem x = tensor(ctx, sizeof images / 4, images), loss = tensor(ctx, 1, NULL);
    clcnn_mem answers = tensor(ctx, COUNT, labels);
    clcnn_net_step step = {.optimiser = CLCNN_ADAM, .lr = 0.02, .beta1 = 0.9, .beta2 = 0.999};
    for (step.step = 1; step.step <= 60; step.step++) {
        need(ctx, clcnn_net_train_step(net, COUNT, x, answers, loss, &step));
        if (step.step % 20 == 0) {
            float value;
            fetch(ctx, loss, 1, &value);
            printf("step %2d  loss %.4f\n", (int)step.step, (double)value);
        }
    }

    clcnn_mem logits;
    float rows[COUNT][2];
    int right = 0;
    need(ctx, clcnn_net_forward(net, COUNT, x, &logits));
    fetch(ctx, logits, COUNT * 2, rows);
    for (int i = 0; i < COUNT; i++)
        right += (rows[i][1] > rows[i][0]) == labels[i];
    printf("%d of %d are right\n", right, COUNT);
    clcnn_net_destroy(net);
    return finish(ctx, right != COUNT);
}
