/*
 * flatten: [c,h,w] becomes [c*h*w,1,1]. Images are dense in memory, so nothing is computed.
 */
#include "net.h"

static clcnn_status shape(void *self, const clcnn__shape *in, clcnn__shape *out, clcnn_error *error)
{
    (void)self;
    (void)error;
    *out = (clcnn__shape){in->c * in->h * in->w, 1, 1};
    return CLCNN_SUCCESS;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    (void)self;
    (void)n;
    *operation = (clcnn__operation){.kind = CLCNN__OP_NONE};
}

const clcnn__layer_kind clcnn__layer_flatten = {
    .keyword = "flatten",
    .flags = CLCNN__ALIAS,
    .shape = shape,
    .operation = operation,
};
