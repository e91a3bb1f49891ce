/*
 * Are a network's gradients right? Each parameter tensor's analytic gradient, from the references'
 * backward passes, is held against central differences of the loss, (L(w + h) - L(w - h)) / 2h, at
 * some of its elements; all in double.
 *
 * The difference has an error of about h^2 of its own, and one of 2^-53 * L / h from rounding; and
 * where a ReLU or a max-pool changes its mind between w - h and w + h, it is off by about that
 * unit's share. So several steps h are tried, and the best is taken: a gradient that is right
 * agrees at one of them, one that is wrong at none.
 */
#include "philox.h"
#include "reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double steps[] = {1e-4, 1e-5, 1e-6};
enum { STEPS = sizeof steps / sizeof *steps };

/* Streams of random numbers under the seed, behind those of net.h. */
#define STREAM_IMAGES UINT64_C(2)
#define STREAM_LABELS UINT64_C(3)
#define STREAM_PLACES UINT64_C(4)

static uint32_t word_at(uint64_t seed, uint64_t stream, uint64_t index)
{
    return clcnn__philox_at(seed, stream, index / 4).v[index % 4];
}

/* First values as training has them, but biases, normalisations' factors and statistics moved up by
 * 0 to 0.1, so that none is 0 or 1 and variances stay positive. Weights stay: a common shift of all
 * of them would grow from layer to layer until the loss hangs on one output alone. */
static clcnn_status draw_values(clcnn__reference *r, const clcnn_net_desc *desc, clcnn_error *error)
{
    float *values = malloc((r->layers.values + 1) * sizeof *values);
    if (!values)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a network");
    clcnn__net_draw(&r->layers, desc->init, desc->seed, values);
    for (size_t i = 0; i < r->layers.count; ++i)
        for (int p = 0; p < r->layers.rows[i].parameter_count; ++p) {
            const clcnn__parameter *row = &r->layers.rows[i].parameters[p];
            for (size_t e = row->packed; e < row->packed + row->count; ++e) {
                const double u =
                    (double)clcnn__philox_float(word_at(~desc->seed, STREAM_IMAGES, e));
                r->values[e] = (double)values[e] + (row->rank == 1 ? 0.1 * u : 0);
            }
        }
    free(values);
    return CLCNN_SUCCESS;
}

/* Images from -1 to 1, any labels, and values. */
static clcnn_status draw(clcnn__reference *r, const clcnn_net_desc *desc, clcnn_error *error)
{
    const size_t image = (size_t)desc->c * (size_t)desc->h * (size_t)desc->w;
    for (size_t i = 0; i < image * (size_t)r->n; ++i)
        r->images[i] = 2 * (double)clcnn__philox_float(word_at(desc->seed, STREAM_IMAGES, i)) - 1;
    for (int i = 0; i < r->n; ++i)
        r->labels[i] = (int32_t)clcnn__philox_below(word_at(desc->seed, STREAM_LABELS, (uint64_t)i),
                                                    (uint32_t)r->classes);
    return draw_values(r, desc, error);
}

/* The central difference, and what the losses' roundings make of it: some units in the last place
 * of each, over 2h. Errors are measured by a size beside which that is a tenth of the limit. */
static clcnn_status difference(clcnn__reference *r, size_t at, double h, double *numeric,
                               double *noise)
{
    enum { UNITS = 64 };
    const double value = r->values[at];
    double high = 0, low = 0;
    r->values[at] = value + h;
    clcnn_status status = clcnn__reference_loss(r, &high);
    r->values[at] = value - h;
    if (!status)
        status = clcnn__reference_loss(r, &low);
    r->values[at] = value;
    *numeric = (high - low) / (2 * h);
    *noise = UNITS * 0x1p-53 * fmax(fabs(high), fabs(low)) / h;
    return status;
}

/* The root mean square of a tensor's gradient: what its elements are measured by. */
static double scale_of(const double *gradient, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; ++i)
        sum += gradient[i] * gradient[i];
    return sqrt(sum / (double)count);
}

/* Checks one element; *row becomes it if it is the worst so far. */
static clcnn_status check_element(clcnn__reference *r, const clcnn__parameter *parameter,
                                  size_t element, double scale, clcnn_gradcheck_row *row)
{
    const size_t at = parameter->packed + element;
    const double analytic = r->gradient[at];
    double best = (double)INFINITY, best_numeric = 0;
    for (int i = 0; i < STEPS && best > CLCNN_GRADCHECK_LIMIT / 10; ++i) {
        double numeric, noise;
        clcnn_status status = difference(r, at, steps[i], &numeric, &noise);
        if (status)
            return status;
        const double least = fmax(1e-6, noise * 10 / CLCNN_GRADCHECK_LIMIT);
        const double size = fmax(fmax(fabs(analytic), fabs(numeric)), fmax(scale, least));
        const double error = fabs(numeric - analytic) / size;
        if (error < best) {
            best = error;
            best_numeric = numeric;
        }
    }
    if (!(best <= row->error)) {
        row->error = best;
        row->worst = element;
        row->analytic = analytic;
        row->numeric = best_numeric;
    }
    return CLCNN_SUCCESS;
}

static clcnn_status check_tensor(clcnn__reference *r, uint64_t seed, size_t layer,
                                 const clcnn__parameter *parameter, int samples,
                                 clcnn_gradcheck_row *row)
{
    *row = (clcnn_gradcheck_row){.count = parameter->count, .error = -1};
    snprintf(row->name, sizeof row->name, "%zu.%s", layer, parameter->name);
    const double scale = scale_of(r->gradient + parameter->packed, parameter->count);
    row->checked = parameter->count < (size_t)samples ? parameter->count : (size_t)samples;
    for (size_t i = 0; i < row->checked; ++i) {
        const uint64_t place = parameter->packed + i;
        const size_t element = row->checked == parameter->count
                                   ? i
                                   : clcnn__philox_below(word_at(seed, STREAM_PLACES, place),
                                                         (uint32_t)parameter->count);
        clcnn_status status = check_element(r, parameter, element, scale, row);
        if (status)
            return status;
    }
    return CLCNN_SUCCESS;
}

static clcnn_status check_all(clcnn__reference *r, const clcnn_net_desc *desc, int samples,
                              clcnn_gradcheck_fn report, void *user)
{
    double loss;
    clcnn_status status = clcnn__reference_loss(r, &loss);
    if (!status)
        status = clcnn__reference_backward(r);
    for (size_t i = 0; !status && i < r->layers.count; ++i) {
        const clcnn__layer *layer = &r->layers.rows[i];
        for (int p = 0; !status && p < layer->parameter_count; ++p) {
            if (layer->frozen || layer->parameters[p].statistic)
                continue;
            clcnn_gradcheck_row row;
            status = check_tensor(r, desc->seed, i, &layer->parameters[p], samples, &row);
            if (!status)
                report(&row, user);
        }
    }
    return status;
}

clcnn_status clcnn_net_gradcheck(const clcnn_net_desc *desc, int samples, clcnn_gradcheck_fn report,
                                 void *user, clcnn_error *error)
{
    if (!desc || !report)
        return CLCNN__INVALID(error, "%s: %s is NULL", __func__, !desc ? "desc" : "report");
    if (samples < 1)
        return CLCNN__INVALID(error, "%s: samples is %d, must be at least 1", __func__, samples);
    clcnn_status status = clcnn__check_net_desc(__func__, desc, error);
    if (status)
        return status;
    clcnn__reference r;
    status = clcnn__reference_create(desc, &r, error);
    if (status)
        return status;
    r.seed = desc->seed;
    status = draw(&r, desc, error);
    if (!status) {
        status = check_all(&r, desc, samples, report, user);
        if (status)
            CLCNN__FAIL(error, status, "%s: a reference refuses the network \"%s\"", __func__,
                        desc->layers ? desc->layers : "lenet5");
    }
    clcnn__reference_destroy(&r);
    return status;
}
