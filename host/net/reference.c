#include "reference.h"

#include "ref64.h"

#include <stdlib.h>
#include <string.h>

/* One layer at work, in host memory. dx is NULL where it goes nowhere. */
typedef struct layer_work {
    const clcnn__operation *operation;
    const double *x[CLCNN__MAX_INPUTS];
    const double *parameters[CLCNN__MAX_PARAMETERS];
    double *gradients[CLCNN__MAX_PARAMETERS]; /* NULL where nothing is trained */
    double *y, *dy, *dx;
    int32_t *argmax;
} layer_work;

enum { GAMMA, BETA, RUNNING_MEAN, RUNNING_VAR };

/* ---- Each operation ------------------------------------------------------------------------- */

static clcnn_status conv2d_forward(const layer_work *w)
{
    return clcnn__ref64_conv2d_forward(&w->operation->d.conv2d, w->x[0], w->parameters[0],
                                       w->parameters[1], w->y, NULL);
}

static clcnn_status conv2d_backward(const layer_work *w)
{
    const clcnn_conv2d *d = &w->operation->d.conv2d;
    clcnn_status status = CLCNN_SUCCESS;
    if (w->gradients[0])
        status = clcnn__ref64_conv2d_backward_weights(d, w->x[0], w->dy, w->gradients[0],
                                                      w->gradients[1], NULL, NULL);
    if (!status && w->dx)
        status = clcnn__ref64_conv2d_backward_data(d, w->dy, w->parameters[0], w->dx, NULL);
    return status;
}

static clcnn_status dense_forward(const layer_work *w)
{
    return clcnn__ref64_dense_forward(&w->operation->d.dense, w->x[0], w->parameters[0],
                                      w->parameters[1], w->y, NULL);
}

static clcnn_status dense_backward(const layer_work *w)
{
    const clcnn_dense *d = &w->operation->d.dense;
    clcnn_status status = CLCNN_SUCCESS;
    if (w->gradients[0])
        status = clcnn__ref64_dense_backward_weights(d, w->x[0], w->dy, w->gradients[0],
                                                     w->gradients[1], NULL, NULL);
    if (!status && w->dx)
        status = clcnn__ref64_dense_backward_data(d, w->dy, w->parameters[0], w->dx, NULL);
    return status;
}

static clcnn_status maxpool2d_forward(const layer_work *w)
{
    return clcnn__ref64_maxpool2d_forward(&w->operation->d.maxpool2d, w->x[0], w->y, w->argmax);
}

static clcnn_status maxpool2d_backward(const layer_work *w)
{
    return w->dx ? clcnn__ref64_maxpool2d_backward(&w->operation->d.maxpool2d, w->dy, w->argmax,
                                                   w->dx, NULL)
                 : CLCNN_SUCCESS;
}

static clcnn_status avgpool2d_forward(const layer_work *w)
{
    return clcnn__ref64_avgpool2d_forward(&w->operation->d.avgpool2d, w->x[0], w->y, NULL);
}

static clcnn_status avgpool2d_backward(const layer_work *w)
{
    return w->dx ? clcnn__ref64_avgpool2d_backward(&w->operation->d.avgpool2d, w->dy, w->dx, NULL)
                 : CLCNN_SUCCESS;
}

static clcnn_status adaptive_avgpool2d_forward(const layer_work *w)
{
    return clcnn__ref64_adaptive_avgpool2d_forward(&w->operation->d.adaptive_avgpool2d, w->x[0],
                                                   w->y, NULL);
}

static clcnn_status adaptive_avgpool2d_backward(const layer_work *w)
{
    return w->dx ? clcnn__ref64_adaptive_avgpool2d_backward(&w->operation->d.adaptive_avgpool2d,
                                                            w->dy, w->dx, NULL)
                 : CLCNN_SUCCESS;
}

static clcnn__ref64_batchnorm batchnorm_arrays(const layer_work *w)
{
    clcnn__ref64_batchnorm arrays = {.x = w->x[0],
                                     .gamma = w->parameters[GAMMA],
                                     .beta = w->parameters[BETA],
                                     .dy = w->dy,
                                     .y = w->y,
                                     .dx = w->dx,
                                     .dgamma = w->gradients[GAMMA],
                                     .dbeta = w->gradients[BETA]};
    if (w->operation->d.batchnorm.inference) { /* a frozen layer */
        arrays.running_mean = w->parameters[RUNNING_MEAN];
        arrays.running_var = w->parameters[RUNNING_VAR];
    }
    return arrays;
}

static clcnn_status batchnorm_forward(const layer_work *w)
{
    const clcnn__ref64_batchnorm arrays = batchnorm_arrays(w);
    return clcnn__ref64_batchnorm_forward(&w->operation->d.batchnorm, &arrays);
}

static clcnn_status batchnorm_backward(const layer_work *w)
{
    const clcnn__ref64_batchnorm arrays = batchnorm_arrays(w);
    return w->dx || w->gradients[GAMMA]
               ? clcnn__ref64_batchnorm_backward(&w->operation->d.batchnorm, &arrays)
               : CLCNN_SUCCESS;
}

static clcnn_status layernorm_forward(const layer_work *w)
{
    return clcnn__ref64_layernorm_forward(&w->operation->d.layernorm, w->x[0], w->parameters[GAMMA],
                                          w->parameters[BETA], w->y, NULL, NULL, NULL, NULL, NULL);
}

static clcnn_status layernorm_backward(const layer_work *w)
{
    return w->dx || w->gradients[GAMMA]
               ? clcnn__ref64_layernorm_backward(
                     &w->operation->d.layernorm, w->x[0], w->parameters[GAMMA], w->dy, w->dx,
                     w->gradients[GAMMA], w->gradients[BETA], NULL, NULL, NULL)
               : CLCNN_SUCCESS;
}

static clcnn_status activation_forward(const layer_work *w)
{
    return clcnn__ref64_activation_forward(&w->operation->d.activation, w->x[0], w->y, NULL);
}

static clcnn_status activation_backward(const layer_work *w)
{
    return w->dx ? clcnn__ref64_activation_backward(&w->operation->d.activation, w->x[0], NULL,
                                                    w->dy, w->dx, NULL)
                 : CLCNN_SUCCESS;
}

static clcnn_status dropout_forward(const layer_work *w)
{
    return clcnn__ref64_dropout_forward(&w->operation->d.dropout, w->x[0], w->y, NULL);
}

static clcnn_status dropout_backward(const layer_work *w)
{
    return w->dx ? clcnn__ref64_dropout_backward(&w->operation->d.dropout, w->dy, w->dx, NULL)
                 : CLCNN_SUCCESS;
}

static clcnn_status add_forward(const layer_work *w)
{
    return clcnn__ref64_add_forward(&w->operation->d.add, w->x[0], w->x[1], w->y, NULL);
}

/* The gradient of either summand. */
static clcnn_status add_backward(const layer_work *w)
{
    return w->dx ? clcnn__ref64_add_backward(&w->operation->d.add, w->dy, w->dx, NULL)
                 : CLCNN_SUCCESS;
}

static const struct reference_of {
    clcnn_status (*forward)(const layer_work *w);
    clcnn_status (*backward)(const layer_work *w);
} references[] = {
    [CLCNN__OP_CONV2D] = {conv2d_forward, conv2d_backward},
    [CLCNN__OP_DENSE] = {dense_forward, dense_backward},
    [CLCNN__OP_MAXPOOL2D] = {maxpool2d_forward, maxpool2d_backward},
    [CLCNN__OP_AVGPOOL2D] = {avgpool2d_forward, avgpool2d_backward},
    [CLCNN__OP_ADAPTIVE_AVGPOOL2D] = {adaptive_avgpool2d_forward, adaptive_avgpool2d_backward},
    [CLCNN__OP_BATCHNORM] = {batchnorm_forward, batchnorm_backward},
    [CLCNN__OP_LAYERNORM] = {layernorm_forward, layernorm_backward},
    [CLCNN__OP_ACTIVATION] = {activation_forward, activation_backward},
    [CLCNN__OP_DROPOUT] = {dropout_forward, dropout_backward},
    [CLCNN__OP_ADD] = {add_forward, add_backward},
};

/* ---- The network ---------------------------------------------------------------------------- */

static size_t elements(clcnn__shape shape, int n)
{
    return (size_t)n * (size_t)shape.c * (size_t)shape.h * (size_t)shape.w;
}

static double *output_of(const clcnn__reference *r, int layer)
{
    return layer == CLCNN__IMAGES ? r->images : r->y[layer];
}

/* The operation of layer i; dropout's mask is that of the reference's step. */
static clcnn__operation operation_of(const clcnn__reference *r, size_t i)
{
    clcnn__operation operation;
    const clcnn__layer *layer = &r->layers.rows[i];
    layer->kind->operation(layer->self, r->n, &operation);
    if (operation.kind == CLCNN__OP_DROPOUT) {
        operation.d.dropout.seed = r->seed;
        operation.d.dropout.step = r->step;
    }
    return operation;
}

static layer_work work_of(const clcnn__reference *r, size_t i, const clcnn__operation *operation)
{
    const clcnn__layer *layer = &r->layers.rows[i];
    layer_work work = {
        .operation = operation, .y = r->y[i], .dy = r->dy[i], .argmax = r->argmax[i]};
    for (int k = 0; k < clcnn__layer_inputs(layer); ++k)
        work.x[k] = output_of(r, layer->inputs[k]);
    for (int p = 0; p < layer->parameter_count; ++p) {
        const clcnn__parameter *parameter = &layer->parameters[p];
        work.parameters[p] = r->values + parameter->packed;
        if (!layer->frozen && !parameter->statistic)
            work.gradients[p] = r->gradient + parameter->packed;
    }
    return work;
}

clcnn_status clcnn__reference_loss(clcnn__reference *r, double *loss)
{
    for (size_t i = 0; i < r->layers.count; ++i) {
        const clcnn__operation operation = operation_of(r, i);
        const layer_work work = work_of(r, i, &operation);
        clcnn_status status = CLCNN_SUCCESS;
        if (operation.kind == CLCNN__OP_NONE)
            memcpy(work.y, work.x[0], elements(r->layers.rows[i].out, r->n) * sizeof(double));
        else
            status = references[operation.kind].forward(&work);
        if (status)
            return status;
    }
    const clcnn_softmax_cross_entropy d = {
        .n = r->n, .classes = r->classes, .label_smoothing = r->label_smoothing};
    return clcnn__ref64_softmax_cross_entropy_forward(&d, r->y[r->layers.count - 1], r->labels,
                                                      NULL, loss, NULL, NULL);
}

/* Runs layer i backward for input k and adds what comes out to that input's gradient. */
static clcnn_status backward_to(clcnn__reference *r, size_t i, int k)
{
    const clcnn__layer *layer = &r->layers.rows[i];
    const int input = layer->inputs[k];
    const clcnn__operation operation = operation_of(r, i);
    layer_work work = work_of(r, i, &operation);
    const size_t count = elements(clcnn__layer_input(&r->layers, i, k), r->n);
    work.dx = input == CLCNN__IMAGES ? NULL : r->dx;
    clcnn_status status = CLCNN_SUCCESS;
    if (operation.kind != CLCNN__OP_NONE)
        status = references[operation.kind].backward(&work);
    else if (work.dx)
        memcpy(work.dx, work.dy, count * sizeof(double));
    for (size_t e = 0; !status && work.dx && e < count; ++e)
        r->dy[input][e] += work.dx[e];
    return status;
}

clcnn_status clcnn__reference_backward(clcnn__reference *r)
{
    memset(r->gradient, 0, r->layers.values * sizeof(double));
    for (size_t i = 0; i < r->layers.count; ++i)
        memset(r->dy[i], 0, elements(r->layers.rows[i].out, r->n) * sizeof(double));
    const size_t last = r->layers.count - 1;
    const clcnn_softmax_cross_entropy d = {
        .n = r->n, .classes = r->classes, .label_smoothing = r->label_smoothing};
    clcnn_status status =
        clcnn__ref64_softmax_cross_entropy_backward(&d, r->y[last], r->labels, r->dy[last], NULL);
    for (size_t i = r->layers.count; !status && i-- > 0;)
        for (int k = 0; !status && k < clcnn__layer_inputs(&r->layers.rows[i]); ++k)
            status = backward_to(r, i, k);
    return status;
}

/* ---- Creation ----------------------------------------------------------------------------- */

static bool allocate_layers(clcnn__reference *r)
{
    size_t most = elements(r->layers.in, r->n);
    r->y = calloc(r->layers.count, sizeof *r->y);
    r->dy = calloc(r->layers.count, sizeof *r->dy);
    r->argmax = calloc(r->layers.count, sizeof *r->argmax);
    if (!r->y || !r->dy || !r->argmax)
        return false;
    for (size_t i = 0; i < r->layers.count; ++i) {
        const size_t count = elements(r->layers.rows[i].out, r->n);
        most = count > most ? count : most;
        r->y[i] = calloc(count, sizeof(double));
        r->dy[i] = calloc(count, sizeof(double));
        r->argmax[i] = calloc(count, sizeof(int32_t));
        if (!r->y[i] || !r->dy[i] || !r->argmax[i])
            return false;
    }
    r->dx = calloc(most, sizeof(double));
    return r->dx != NULL;
}

clcnn_status clcnn__reference_create(const clcnn_net_desc *desc, clcnn__reference *r,
                                     clcnn_error *error)
{
    *r = (clcnn__reference){.n = desc->batch, .step = 1};
    const clcnn__shape in = {desc->c, desc->h, desc->w};
    clcnn_status status =
        clcnn__layers_create(desc->layers ? desc->layers : "lenet5", in, &r->layers, error);
    if (status)
        return status;
    const clcnn__shape *out = &r->layers.rows[r->layers.count - 1].out;
    r->classes = out->c * out->h * out->w;
    r->images = calloc(elements(in, r->n), sizeof(double));
    r->labels = calloc((size_t)r->n, sizeof(int32_t));
    r->values = calloc(r->layers.values + 1, sizeof(double));
    r->gradient = calloc(r->layers.values + 1, sizeof(double));
    if (!r->images || !r->labels || !r->values || !r->gradient || !allocate_layers(r)) {
        clcnn__reference_destroy(r);
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a batch of %d",
                           desc->batch);
    }
    return CLCNN_SUCCESS;
}

void clcnn__reference_destroy(clcnn__reference *r)
{
    for (size_t i = 0; i < r->layers.count; ++i) {
        if (r->y)
            free(r->y[i]);
        if (r->dy)
            free(r->dy[i]);
        if (r->argmax)
            free(r->argmax[i]);
    }
    free(r->y);
    free(r->dy);
    free(r->argmax);
    free(r->dx);
    free(r->images);
    free(r->labels);
    free(r->values);
    free(r->gradient);
    clcnn__layers_destroy(&r->layers);
    *r = (clcnn__reference){0};
}

/* ---- The public call ------------------------------------------------------------------------ */

static void to_doubles(double *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; ++i)
        to[i] = (double)from[i];
}

static const char *missing(const clcnn_net_desc *desc, const float *values, const float *images,
                           const int32_t *labels, const clcnn_net_step *step)
{
    return !desc     ? "desc"
           : !values ? "values"
           : !images ? "images"
           : !labels ? "labels"
           : !step   ? "step"
                     : NULL;
}

clcnn_status clcnn_ref_net_gradient(const clcnn_net_desc *desc, const float *values,
                                    const float *images, const int32_t *labels,
                                    const clcnn_net_step *step, double *loss, double *gradient,
                                    clcnn_error *error)
{
    const char *null = missing(desc, values, images, labels, step);
    if (null)
        return CLCNN__INVALID(error, "%s: %s is NULL", __func__, null);
    clcnn_status status = clcnn__check_net_desc(__func__, desc, error);
    if (status)
        return status;
    clcnn__reference r;
    status = clcnn__reference_create(desc, &r, error);
    if (status)
        return status;
    r.label_smoothing = step->label_smoothing;
    r.seed = step->seed;
    r.step = step->step;
    to_doubles(r.values, values, r.layers.values);
    to_doubles(r.images, images, elements(r.layers.in, r.n));
    memcpy(r.labels, labels, (size_t)r.n * sizeof *labels);
    double sum;
    status = clcnn__reference_loss(&r, &sum);
    if (!status)
        status = clcnn__reference_backward(&r);
    if (!status && loss)
        *loss = sum;
    if (!status && gradient)
        memcpy(gradient, r.gradient, r.layers.values * sizeof *gradient);
    clcnn__reference_destroy(&r);
    return status
               ? CLCNN__FAIL(error, status, "%s: the step is wrong: label_smoothing %g, step %lld",
                             __func__, step->label_smoothing, (long long)step->step)
               : CLCNN_SUCCESS;
}
