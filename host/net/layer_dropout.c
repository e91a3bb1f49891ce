/*
 * dropout REAL: in training, elements become 0 with this probability and the others grow to make
 * up for it. The mask is drawn anew for each step from its number, the seed and the layer's number;
 * backward draws it a second time. In inference everything passes.
 */
#include "net.h"

struct dropout {
    clcnn_dropout desc; /* of one image */
};

static clcnn_status parse(clcnn__parser *parser, void *self)
{
    return clcnn__parse_real(parser, "the probability that an element becomes 0", 0,
                             1 - 0x1p-20 /* so that 1/(1 - drop) stays a moderate number */,
                             &((struct dropout *)self)->desc.drop);
}

static void print(const void *self, char *text, size_t size)
{
    clcnn__append(text, size, " ");
    clcnn__append_real(text, size, ((const struct dropout *)self)->desc.drop);
}

static void number(void *self, uint32_t number)
{
    ((struct dropout *)self)->desc.stream = number;
}

static clcnn_status shape(void *self, const clcnn__shape *in, clcnn__shape *out, clcnn_error *error)
{
    (void)error;
    ((struct dropout *)self)->desc.count = in->c * in->h * in->w;
    *out = *in;
    return CLCNN_SUCCESS;
}

static clcnn_dropout with_batch(const void *self, int n)
{
    clcnn_dropout d = ((const struct dropout *)self)->desc;
    d.count *= n;
    return d;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    *operation = (clcnn__operation){.kind = CLCNN__OP_DROPOUT, .d.dropout = with_batch(self, n)};
}

static bool same_place(clcnn_mem a, clcnn_mem b)
{
    return a.buf == b.buf && a.offset == b.offset;
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    const clcnn_dropout d = with_batch(self, work->n);
    if (!work->inference)
        return clcnn_dropout_forward(work->ctx, &d, work->x[0], work->block, work->y);
    if (same_place(work->x[0], work->y))
        return CLCNN_SUCCESS;
    const clcnn_activation copy = {.count = d.count, .kind = CLCNN_IDENTITY};
    return clcnn_activation_forward(work->ctx, &copy, work->x[0], work->y);
}

static clcnn_status backward(const void *self, const clcnn__work *work)
{
    const clcnn_dropout d = with_batch(self, work->n);
    return clcnn_dropout_backward(work->ctx, &d, work->dy, work->block, work->dx);
}

const clcnn__layer_kind clcnn__layer_dropout = {
    .keyword = "dropout",
    .self_size = sizeof(struct dropout),
    .flags = CLCNN__IN_PLACE_OK | CLCNN__DROPS,
    .parse = parse,
    .print = print,
    .shape = shape,
    .operation = operation,
    .number = number,
    .forward = forward,
    .backward = backward,
};
