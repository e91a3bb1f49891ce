/*
 * relu, leaky_relu [ALPHA], elu [ALPHA], sigmoid, tanh, silu, gelu, gelu_tanh: activations that
 * stand alone. Where one follows a layer that can take it in, the graph fuses it and none of the
 * work here is needed.
 *
 * Those whose gradient can be had from their output work in place; the others keep their input.
 */
#include "net.h"

#include <float.h>
#include <string.h>

struct activation {
    clcnn_activation desc; /* of one image */
};

/* Takes the number behind the keyword, if there is one. */
static clcnn_status parse_alpha(clcnn__parser *parser, clcnn_activation *d, double usual)
{
    const char *next = parser->at + strspn(parser->at, " \t\r\n");
    d->alpha = usual;
    return *next >= '0' && *next <= '9'
               ? clcnn__parse_real(parser, "alpha", 0, (double)FLT_MAX, &d->alpha)
               : CLCNN_SUCCESS;
}

static void print_alpha(const clcnn_activation *d, double usual, char *text, size_t size)
{
    if (d->alpha == usual)
        return;
    clcnn__append(text, size, " ");
    clcnn__append_real(text, size, d->alpha);
}

/* PyTorch's usual alphas. */
static const double usual_leaky = 0.01, usual_elu = 1;

static clcnn_status parse_leaky_relu(clcnn__parser *parser, void *self)
{
    return parse_alpha(parser, &((struct activation *)self)->desc, usual_leaky);
}

static void print_leaky_relu(const void *self, char *text, size_t size)
{
    print_alpha(&((const struct activation *)self)->desc, usual_leaky, text, size);
}

static clcnn_status parse_elu(clcnn__parser *parser, void *self)
{
    return parse_alpha(parser, &((struct activation *)self)->desc, usual_elu);
}

static void print_elu(const void *self, char *text, size_t size)
{
    print_alpha(&((const struct activation *)self)->desc, usual_elu, text, size);
}

static clcnn_status shape_as(void *self, clcnn_activation_kind kind, const clcnn__shape *in,
                             clcnn__shape *out)
{
    struct activation *activation = self;
    activation->desc.kind = kind;
    activation->desc.count = in->c * in->h * in->w;
    *out = *in;
    return CLCNN_SUCCESS;
}

static clcnn__activation activation_of(const void *self)
{
    const clcnn_activation *d = &((const struct activation *)self)->desc;
    return (clcnn__activation){d->kind, d->alpha};
}

static clcnn_activation with_batch(const void *self, int n)
{
    clcnn_activation d = ((const struct activation *)self)->desc;
    d.count *= n;
    return d;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    *operation =
        (clcnn__operation){.kind = CLCNN__OP_ACTIVATION, .d.activation = with_batch(self, n)};
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    clcnn_activation d = with_batch(self, work->n);
    return clcnn_activation_forward(work->ctx, &d, work->x[0], work->y);
}

static clcnn_status backward_from_y(const void *self, const clcnn__work *work)
{
    clcnn_activation d = with_batch(self, work->n);
    return clcnn_activation_backward(work->ctx, &d, CLCNN_NO_MEM, work->y, work->dy, work->dx);
}

static clcnn_status backward_from_x(const void *self, const clcnn__work *work)
{
    clcnn_activation d = with_batch(self, work->n);
    return clcnn_activation_backward(work->ctx, &d, work->x[0], CLCNN_NO_MEM, work->dy, work->dx);
}

/* KIND(constant's name, keyword, what backward reads, flags, parse, print) */
#define KIND(constant, word, from, flags_, parse_, print_)                                         \
    static clcnn_status shape_##word(void *self, const clcnn__shape *in, clcnn__shape *out,        \
                                     clcnn_error *error)                                           \
    {                                                                                              \
        (void)error;                                                                               \
        return shape_as(self, constant, in, out);                                                  \
    }                                                                                              \
    const clcnn__layer_kind clcnn__layer_##word = {.keyword = #word,                               \
                                                   .self_size = sizeof(struct activation),         \
                                                   .flags = flags_,                                \
                                                   .parse = parse_,                                \
                                                   .print = print_,                                \
                                                   .shape = shape_##word,                          \
                                                   .operation = operation,                         \
                                                   .activation = activation_of,                    \
                                                   .forward = forward,                             \
                                                   .backward = backward_from_##from};
enum { FROM_Y = CLCNN__KEEP_Y | CLCNN__IN_PLACE_OK, FROM_X = CLCNN__KEEP_X | CLCNN__IN_PLACE_OK };

KIND(CLCNN_RELU, relu, y, FROM_Y, NULL, NULL)
KIND(CLCNN_LEAKY_RELU, leaky_relu, y, FROM_Y, parse_leaky_relu, print_leaky_relu)
KIND(CLCNN_ELU, elu, y, FROM_Y, parse_elu, print_elu)
KIND(CLCNN_SIGMOID, sigmoid, y, FROM_Y, NULL, NULL)
KIND(CLCNN_TANH, tanh, y, FROM_Y, NULL, NULL)
KIND(CLCNN_SILU, silu, x, FROM_X, NULL, NULL)
KIND(CLCNN_GELU, gelu, x, FROM_X, NULL, NULL)
KIND(CLCNN_GELU_TANH, gelu_tanh, x, FROM_X, NULL, NULL)
