/*
 * add NAME: the sum of the layer's input and another layer's output, as residual blocks end in,
 * with the activation that follows it fused into its forward pass. The gradient of both is that of
 * the sum; how it reaches them, the graph decides.
 */
#include "net.h"

struct add {
    clcnn_add desc; /* of one image */
};

static clcnn_status shape(void *self, const clcnn__shape *in, clcnn__shape *out, clcnn_error *error)
{
    if (in[0].c != in[1].c || in[0].h != in[1].h || in[0].w != in[1].w)
        return CLCNN__INVALID(error, "it cannot be added to %d x %d x %d", in[1].c, in[1].h,
                              in[1].w);
    ((struct add *)self)->desc = (clcnn_add){.n = 1, .c = in->c, .h = in->h, .w = in->w};
    *out = *in;
    return CLCNN_SUCCESS;
}

static bool fuse(void *self, clcnn__activation activation)
{
    struct add *add = self;
    add->desc.activation = activation.kind;
    add->desc.alpha = activation.alpha;
    return true;
}

static clcnn_add with_batch(const void *self, int n)
{
    clcnn_add d = ((const struct add *)self)->desc;
    d.n = n;
    return d;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    *operation = (clcnn__operation){.kind = CLCNN__OP_ADD, .d.add = with_batch(self, n)};
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    const clcnn_add d = with_batch(self, work->n);
    return clcnn_add_forward(work->ctx, &d, work->x[0], work->x[1], work->y);
}

const clcnn__layer_kind clcnn__layer_add = {
    .keyword = "add",
    .self_size = sizeof(struct add),
    .flags = CLCNN__SUM | CLCNN__IN_PLACE_OK,
    .inputs = 2,
    .shape = shape,
    .operation = operation,
    .fuse = fuse,
    .forward = forward,
};
