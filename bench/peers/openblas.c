/*
 * The peer `openblas`: the textbook's way, im2col and sgemm, image by image and group by group.
 *
 *   forward           y = w * columns(x)
 *   backward_data     dx = col2im(transposed w * dy)
 *   backward_weights  dw = sum over images of dy * transposed columns(x)
 *
 * with w as [k, c*r*s], columns as [c*r*s, p*q] and y as [k, p*q], each of one group. Where the
 * columns are the image itself (1x1, no stride, no padding) nothing is copied. Where the columns
 * are many, threads share the channels, made for the occasion: a pool of our own would, waiting,
 * take time from sgemm's.
 */
#include "peer.h"

#include "internal.h"

#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct openblas {
    peer_conv2d conv;
    float *columns;        /* of one group of one image */
    int rows, width, c, k; /* c*r*s, p*q, channels of a group */
    bool is_image;         /* the columns are the image */
} openblas;

typedef struct window {
    int i, j;        /* place in the filter */
    int first, last; /* the columns q that lie in the image: from first to last - 1 */
} window;

/* Where a row of the columns meets the image. */
static window window_of(const openblas *o, int row)
{
    const clcnn_conv2d *d = &o->conv.d;
    window at = {.i = row / d->s % d->r, .j = row % d->s};
    const int offset = at.j * d->dilation_w - d->pad_left;
    at.first = offset < 0 ? (-offset + d->stride_w - 1) / d->stride_w : 0;
    const int room = d->w - 1 - offset;
    at.last = room < 0 ? 0 : room / d->stride_w + 1;
    at.last = at.last < o->conv.q ? at.last : o->conv.q;
    at.first = at.first < at.last ? at.first : at.last;
    return at;
}

static void copy_row(const openblas *o, int row, const float *plane)
{
    const clcnn_conv2d *d = &o->conv.d;
    const window at = window_of(o, row);
    float *to = o->columns + (size_t)row * (size_t)o->width;
    for (int p = 0; p < o->conv.p; p++, to += o->conv.q) {
        const int y = p * d->stride_h + at.i * d->dilation_h - d->pad_top;
        memset(to, 0, (size_t)o->conv.q * sizeof *to);
        if (y < 0 || y >= d->h)
            continue;
        const float *from = plane + y * d->w;
        const int offset = at.j * d->dilation_w - d->pad_left;
        for (int q = at.first; q < at.last; q++)
            to[q] = from[q * d->stride_w + offset];
    }
}

static void add_row(const openblas *o, int row, float *plane)
{
    const clcnn_conv2d *d = &o->conv.d;
    const window at = window_of(o, row);
    const float *from = o->columns + (size_t)row * (size_t)o->width;
    for (int p = 0; p < o->conv.p; p++, from += o->conv.q) {
        const int y = p * d->stride_h + at.i * d->dilation_h - d->pad_top;
        if (y < 0 || y >= d->h)
            continue;
        float *to = plane + y * d->w;
        const int offset = at.j * d->dilation_w - d->pad_left;
        for (int q = at.first; q < at.last; q++)
            to[q * d->stride_w + offset] += from[q];
    }
}

/* Some of the channels of an image: to the columns, or from them. */
typedef struct share {
    const openblas *o;
    float *x;
    int first, last;
    bool back;
    pthread_t thread;
} share;

static void *do_share(void *user)
{
    const share *s = user;
    const clcnn_conv2d *d = &s->o->conv.d;
    const size_t size = (size_t)d->h * (size_t)d->w;
    const int taps = d->r * d->s;
    for (int c = s->first; c < s->last; c++) {
        float *plane = s->x + (size_t)c * size;
        if (s->back)
            memset(plane, 0, size * sizeof *plane);
        for (int row = c * taps; row < (c + 1) * taps; row++)
            if (s->back)
                add_row(s->o, row, plane);
            else
                copy_row(s->o, row, plane);
    }
    return NULL;
}

static void move_columns(const openblas *o, float *x, bool back)
{
    enum { MOST = 64, WORTH_IT = 1 << 18 /* elements for each thread */ };
    share shares[MOST];
    const size_t elements = (size_t)o->rows * (size_t)o->width;
    int count = peer_threads() < MOST ? peer_threads() : MOST;
    count = elements / WORTH_IT < (size_t)count ? (int)(elements / WORTH_IT) : count;
    count = count < o->c ? count : o->c;
    count = count > 1 ? count : 1;
    for (int i = 0; i < count; i++) {
        shares[i] = (share){.o = o,
                            .x = x,
                            .first = o->c * i / count,
                            .last = o->c * (i + 1) / count,
                            .back = back};
        if (i > 0 && pthread_create(&shares[i].thread, NULL, do_share, &shares[i]) != 0) {
            do_share(&shares[i]);
            shares[i].o = NULL; /* nobody to wait for */
        }
    }
    do_share(&shares[0]);
    for (int i = 1; i < count; i++)
        if (shares[i].o != NULL)
            pthread_join(shares[i].thread, NULL);
}

/* One group of one image. `first`: weights are overwritten, not added to. */
static void run_group(const openblas *o, float *x, float *w, float *y, bool first)
{
    const int k = o->k, rows = o->rows, width = o->width;
    float *columns = o->is_image ? x : o->columns;
    if (o->conv.direction != CLCNN_BACKWARD_DATA && !o->is_image)
        move_columns(o, x, false);
    if (o->conv.direction == CLCNN_FORWARD)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, k, width, rows, 1, w, rows, columns,
                    width, 0, y, width);
    else if (o->conv.direction == CLCNN_BACKWARD_DATA)
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, rows, width, k, 1, w, rows, y, width,
                    0, columns, width);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, k, rows, width, 1, y, width, columns,
                    width, first ? 0 : 1, w, rows);
    if (o->conv.direction == CLCNN_BACKWARD_DATA && !o->is_image)
        move_columns(o, x, true);
}

static clcnn_status run(bench_subject *base, int count, clcnn_error *error)
{
    openblas *o = (openblas *)base;
    const clcnn_conv2d *d = &o->conv.d;
    const size_t x = (size_t)o->c * (size_t)(d->h * d->w), w = (size_t)o->k * (size_t)o->rows,
                 y = (size_t)o->k * (size_t)o->width;
    (void)error;
    for (; count > 0; count--)
        for (size_t n = 0; n < (size_t)d->n; n++)
            for (size_t g = 0; g < (size_t)d->groups; g++) {
                const size_t at = n * (size_t)d->groups + g;
                run_group(o, o->conv.x + at * x, o->conv.w + g * w, o->conv.y + at * y, n == 0);
            }
    return CLCNN_SUCCESS;
}

static void destroy(bench_subject *base)
{
    openblas *o = (openblas *)base;
    peer_conv2d_free(&o->conv);
    free(o->columns);
    free(o);
}

static clcnn_status create(const bench_request *request, bench_subject **subject,
                           clcnn_error *error)
{
    openblas *o = calloc(1, sizeof *o);
    if (o == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for a case");
    const clcnn_status status = peer_conv2d_init(&o->conv, request, error);
    if (status != CLCNN_SUCCESS) {
        free(o);
        return status;
    }
    const clcnn_conv2d *d = &o->conv.d;
    o->c = d->c / d->groups, o->k = d->k / d->groups;
    o->rows = o->c * d->r * d->s, o->width = o->conv.p * o->conv.q;
    o->is_image = d->r * d->s * d->stride_h * d->stride_w == 1 &&
                  d->pad_top + d->pad_left + d->pad_bottom + d->pad_right == 0;
    o->columns = malloc((size_t)o->rows * (size_t)o->width * sizeof *o->columns);
    o->conv.base.run = run;
    o->conv.base.destroy = destroy;
    o->conv.base.algo = "im2col + sgemm";
    *subject = &o->conv.base;
    if (o->columns != NULL)
        return CLCNN_SUCCESS;
    destroy(*subject);
    *subject = NULL;
    return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the columns");
}

int main(void)
{
    const int threads = peer_threads();
    openblas_set_num_threads(threads);
    char version[128];
    snprintf(version, sizeof version, "%s", openblas_get_config());
    return peer_serve(&(peer){
        .name = "openblas", .version = version, .device = peer_cpu(threads), .create = create});
}
