/*
 * relu: an activation that stands alone. Where it follows a layer that can take it in, the graph
 * fuses it and none of the work here is needed.
 */
#include "net.h"

struct activation {
    clcnn_activation desc; /* of one image */
};

static clcnn_status shape_relu(void *self, clcnn__shape in, clcnn__shape *out, clcnn_error *error)
{
    (void)error;
    ((struct activation *)self)->desc =
        (clcnn_activation){.count = in.c * in.h * in.w, .kind = CLCNN_RELU};
    *out = in;
    return CLCNN_SUCCESS;
}

static clcnn_activation_kind kind(const void *self)
{
    return ((const struct activation *)self)->desc.kind;
}

static clcnn_activation with_batch(const void *self, int n)
{
    clcnn_activation d = ((const struct activation *)self)->desc;
    d.count *= n;
    return d;
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    clcnn_activation d = with_batch(self, work->n);
    return clcnn_activation_forward(work->ctx, &d, work->x, work->y);
}

static clcnn_status backward(const void *self, const clcnn__work *work)
{
    clcnn_activation d = with_batch(self, work->n);
    return clcnn_activation_backward(work->ctx, &d, CLCNN_NO_MEM, work->y, work->dy, work->dx);
}

const clcnn__layer_kind clcnn__layer_relu = {
    .keyword = "relu",
    .self_size = sizeof(struct activation),
    .flags = CLCNN__KEEP_Y,
    .shape = shape_relu,
    .activation = kind,
    .forward = forward,
    .backward = backward,
};
