/*
 * A training loop by hand: two dense layers with a tanh between them learn the exclusive or. All
 * parameters lie in one arena, so that the optimiser is one launch; nothing waits for the device
 * but the line that prints the loss.
 */
#include "example.h"

enum { BATCH = 4, INPUTS = 2, HIDDEN = 8, CLASSES = 2 };
/* Where each layer's weights and biases begin in the arena. */
enum { W1 = 0, B1 = W1 + HIDDEN * INPUTS, W2 = B1 + HIDDEN, B2 = W2 + CLASSES * HIDDEN };
enum { PARAMETERS = B2 + CLASSES };

static clcnn_mem at(clcnn_mem arena, size_t offset)
{
    return (clcnn_mem){arena.buf, arena.offset + offset};
}

int main(void)
{
    static const float inputs[] = {0, 0, 0, 1, 1, 0, 1, 1}, zeros[PARAMETERS] = {0};
    static const int32_t answers[] = {0, 1, 1, 0};
    clcnn_ctx *ctx = open_device();
    clcnn_mem x = tensor(ctx, 8, inputs), labels = tensor(ctx, 4, answers);
    clcnn_mem param = tensor(ctx, PARAMETERS, NULL), grad = tensor(ctx, PARAMETERS, NULL);
    clcnn_mem m = tensor(ctx, PARAMETERS, zeros), v = tensor(ctx, PARAMETERS, zeros);
    clcnn_mem block = tensor(ctx, CLCNN_OPTIMISER_BLOCK, NULL), loss = tensor(ctx, 1, NULL);
    clcnn_mem hidden = tensor(ctx, BATCH * HIDDEN, NULL),
              dhidden = tensor(ctx, BATCH * HIDDEN, NULL);
    clcnn_mem logits = tensor(ctx, BATCH * CLASSES, NULL), y = tensor(ctx, BATCH * CLASSES, NULL);

    const clcnn_uniform start = {.count = PARAMETERS, .seed = 1, .low = -1, .high = 1};
    need(ctx, clcnn_uniform_fill(ctx, &start, param));
    const clcnn_dense first = {.n = BATCH, .c = INPUTS, .k = HIDDEN, .activation = CLCNN_TANH};
    const clcnn_dense second = {.n = BATCH, .c = HIDDEN, .k = CLASSES};
    const clcnn_activation curve = {.count = BATCH * HIDDEN, .kind = CLCNN_TANH};
    const clcnn_softmax_cross_entropy entropy = {.n = BATCH, .classes = CLASSES};
    clcnn_adam adam = {.count = PARAMETERS, .lr = 0.05, .beta1 = 0.9, .beta2 = 0.999};
    clcnn_plan plan;
    need(ctx, clcnn_softmax_cross_entropy_plan(ctx, &entropy, &plan));
    give_workspace(ctx, &plan);

    float value = 0;
    for (adam.step = 1; adam.step <= 100; adam.step++) {
        /* Forward: the tanh is fused into the first layer. */
        need(ctx, clcnn_dense_forward(ctx, &first, x, at(param, W1), at(param, B1), hidden, NULL));
        need(ctx,
             clcnn_dense_forward(ctx, &second, hidden, at(param, W2), at(param, B2), logits, NULL));
        need(ctx,
             clcnn_softmax_cross_entropy_forward(ctx, &entropy, logits, labels, y, loss, &plan));
        /* Backward: the gradient of the logits takes the probabilities' place. */
        need(ctx, clcnn_softmax_cross_entropy_backward(ctx, &entropy, y, labels, y));
        need(ctx, clcnn_dense_backward_weights(ctx, &second, hidden, y, at(grad, W2), at(grad, B2),
                                               NULL));
        need(ctx, clcnn_dense_backward_data(ctx, &second, y, at(param, W2), dhidden, NULL));
        need(ctx, clcnn_activation_backward(ctx, &curve, CLCNN_NO_MEM, hidden, dhidden, dhidden));
        need(ctx, clcnn_dense_backward_weights(ctx, &first, x, dhidden, at(grad, W1), at(grad, B1),
                                               NULL));
        /* The step's constants are computed on the host; the update is one launch. */
        need(ctx, clcnn_adam_prepare(ctx, &adam, block));
        need(ctx, clcnn_adam_step(ctx, &adam, param, grad, m, v, CLCNN_NO_MEM, block));
        if (adam.step == 1 || adam.step % 25 == 0) {
            fetch(ctx, loss, 1, &value);
            printf("step %3d  loss %.4f\n", (int)adam.step, (double)value);
        }
    }
    return finish(ctx, !(value < 0.05f));
}
