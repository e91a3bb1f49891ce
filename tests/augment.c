/*
 * Moved and mirrored images: small pictures element by element against what is drawn here by hand;
 * how often each movement comes; and batches on the device, in which an image looks the same
 * whatever else is sent with it.
 */
#include "augment.h"

#include "harness.h"
#include "net.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Pictures by hand ------------------------------------------------------------------------ */

enum { H = 2, W = 3, PICTURE = H * W };

typedef struct example {
    clcnn__movement movement; /* down, right, mirrored */
    uint8_t picture[PICTURE];
} example;

/* of the picture  1 2 3
                   4 5 6 */
static const example examples[] = {
    {{0, 0, 0}, {1, 2, 3, 4, 5, 6}},  {{0, 0, 1}, {3, 2, 1, 6, 5, 4}},
    {{1, 0, 0}, {0, 0, 0, 1, 2, 3}},  {{-1, 0, 0}, {4, 5, 6, 0, 0, 0}},
    {{0, 1, 0}, {0, 1, 2, 0, 4, 5}},  {{0, -1, 0}, {2, 3, 0, 5, 6, 0}},
    {{0, 2, 0}, {0, 0, 1, 0, 0, 4}},  {{0, -2, 0}, {3, 0, 0, 6, 0, 0}},
    {{1, 1, 0}, {0, 0, 0, 0, 1, 2}},  {{-1, -2, 0}, {6, 0, 0, 0, 0, 0}},
    {{0, 1, 1}, {0, 3, 2, 0, 6, 5}},  {{0, -1, 1}, {2, 1, 0, 5, 4, 0}},
    {{1, -2, 1}, {0, 0, 0, 1, 0, 0}}, {{-1, 2, 1}, {0, 0, 6, 0, 0, 0}},
};

/* A table that gives away which byte a value came from, black ones too. */
static void make_table(float table[256])
{
    for (int i = 0; i < 256; ++i)
        table[i] = (float)(i + 1) * 0.5f;
}

/* Two channels: the picture, and the same with 100 added to all but black. */
static void pictures_are_moved(void)
{
    float table[256];
    uint8_t in[2 * PICTURE];
    make_table(table);
    for (int i = 0; i < 2 * PICTURE; ++i)
        in[i] = (uint8_t)(i % PICTURE + 1 + (i < PICTURE ? 0 : 100));
    const clcnn__augment augment = {.c = 2, .h = H, .w = W, .shift = 2, .flip = 1};
    for (size_t e = 0; e < sizeof examples / sizeof *examples; ++e) {
        const example *x = &examples[e];
        float out[2 * PICTURE + 1];
        for (int i = 0; i <= 2 * PICTURE; ++i)
            out[i] = NAN;
        clcnn__augment_apply(&augment, x->movement, table, in, out);
        for (int i = 0; i < 2 * PICTURE; ++i) {
            int byte = x->picture[i % PICTURE];
            byte += byte && i >= PICTURE ? 100 : 0;
            CHECK(out[i] == table[byte], "%d down, %d right, mirrored %d: element %d is %g, not %g",
                  x->movement.down, x->movement.right, x->movement.mirrored, i, (double)out[i],
                  (double)table[byte]);
        }
        CHECK(isnan(out[2 * PICTURE]), "it writes past the end");
    }
}

/* ---- What is drawn --------------------------------------------------------------------------- */

enum { DRAWS = 20000, SHIFT = 2, SIDES = 2 * SHIFT + 1, KINDS = SIDES * SIDES * 2 };

static int kind_of(clcnn__movement m)
{
    return ((m.down + SHIFT) * SIDES + m.right + SHIFT) * 2 + m.mirrored;
}

/* A count of DRAWS events of probability p lies within six standard deviations of the mean, but for
 * one seed in 10^8 of those that could have been written here. */
static void check_count(const char *what, int kind, int count, double p)
{
    double mean = DRAWS * p, bound = 6 * sqrt(DRAWS * p * (1 - p));
    CHECK(fabs(count - mean) <= bound, "%s %d: %d times, not %g +- %g", what, kind, count, mean,
          bound);
}

/* All combinations come, each as often as the others; another epoch or seed is another draw. */
static void draws_are_uniform(void)
{
    const clcnn__augment augment = {
        .c = 1, .h = 28, .w = 28, .shift = SHIFT, .flip = 1, .seed = 5, .epoch = 3};
    clcnn__augment later = augment, other = augment;
    int counts[KINDS] = {0}, same_later = 0, same_other = 0, same_next = 0;
    later.epoch = 4;
    other.seed = 6;
    for (uint64_t i = 0; i < DRAWS; ++i) {
        clcnn__movement m = clcnn__augment_draw(&augment, i);
        if (!CHECK(abs(m.down) <= SHIFT && abs(m.right) <= SHIFT && (m.mirrored | 1) == 1,
                   "%d, %d, %d", m.down, m.right, m.mirrored))
            return;
        ++counts[kind_of(m)];
        same_later += kind_of(clcnn__augment_draw(&later, i)) == kind_of(m);
        same_other += kind_of(clcnn__augment_draw(&other, i)) == kind_of(m);
        same_next += kind_of(clcnn__augment_draw(&augment, i + 1)) == kind_of(m);
    }
    for (int kind = 0; kind < KINDS; ++kind)
        check_count("movement", kind, counts[kind], 1.0 / KINDS);
    check_count("the same in epoch", 4, same_later, 1.0 / KINDS);
    check_count("the same with seed", 6, same_other, 1.0 / KINDS);
    check_count("the same as the next of", DRAWS, same_next, 1.0 / KINDS);
}

/* Each of the two is there without the other. */
static void draws_do_what_is_asked_alone(void)
{
    const clcnn__augment flip = {.c = 1, .h = 9, .w = 9, .flip = 1, .seed = 1},
                         shift = {.c = 1, .h = 9, .w = 9, .shift = 8, .seed = 1};
    int mirrored = 0, largest[4] = {0};
    for (uint64_t i = 0; i < DRAWS; ++i) {
        clcnn__movement f = clcnn__augment_draw(&flip, i), s = clcnn__augment_draw(&shift, i);
        CHECK(f.down == 0 && f.right == 0 && s.mirrored == 0, "%d, %d, %d", f.down, f.right,
              s.mirrored);
        mirrored += f.mirrored;
        largest[0] += s.down == -8;
        largest[1] += s.down == 8;
        largest[2] += s.right == -8;
        largest[3] += s.right == 8;
    }
    check_count("mirrored", 1, mirrored, 0.5);
    for (int i = 0; i < 4; ++i)
        check_count("at the edge", i, largest[i], 1.0 / 17);
}

/* ---- On the device --------------------------------------------------------------------------- */

enum { IMAGES = 37, C = 2, BATCH = 16, PIXELS = C * H * W };

/* Sends `n` images in an order and holds each against the picture that its number alone makes. */
static void check_sent(int device, clcnn__feed *feed, const clcnn__batch *batch,
                       const float table[256])
{
    clcnn_mem images, labels;
    clcnn_error error = {.message = ""};
    float got[BATCH * PIXELS], expected[PIXELS];
    int32_t got_labels[BATCH];
    const size_t count = (size_t)batch->n;
    if (!CHECK(clcnn__feed_send(feed, batch, &images, &labels, &error) == CLCNN_SUCCESS, "%s",
               error.message))
        return;
    cl_command_queue queue = clcnn_ctx_queue(harness_ctx(device));
    cl_int code = clEnqueueReadBuffer(queue, images.buf, CL_TRUE, images.offset * sizeof(float),
                                      count * PIXELS * sizeof(float), got, 0, NULL, NULL);
    code |= clEnqueueReadBuffer(queue, labels.buf, CL_TRUE, labels.offset * sizeof(int32_t),
                                count * sizeof(int32_t), got_labels, 0, NULL, NULL);
    CHECK(code == CL_SUCCESS, "reading: %d", code);
    for (int i = 0; i < batch->n; ++i) {
        uint32_t image = batch->order[i];
        clcnn__movement m = clcnn__augment_draw(batch->augment, image);
        clcnn__augment_apply(batch->augment, m, table, batch->pixels + image * PIXELS, expected);
        CHECK(memcmp(expected, got + i * PIXELS, sizeof expected) == 0,
              "%s: image %u as number %d of %d looks different", harness_device_name(device), image,
              i, batch->n);
        CHECK(got_labels[i] == batch->labels[image], "label %d, not %d", got_labels[i],
              batch->labels[image]);
    }
}

static void batches_make_no_difference(void)
{
    const clcnn__normalise normalise = {0.25, 0.5};
    uint8_t pixels[IMAGES * PIXELS], labels[IMAGES];
    uint32_t order[IMAGES];
    float table[256];
    for (int i = 0; i < 256; ++i)
        table[i] = (float)((i / 255.0 - normalise.mean) / normalise.deviation);
    for (int i = 0; i < IMAGES * PIXELS; ++i)
        pixels[i] = (uint8_t)(1 + i % 255);
    for (uint32_t i = 0; i < IMAGES; ++i) {
        labels[i] = (uint8_t)(i % 7);
        order[i] = i * 10 % IMAGES;
    }
    const clcnn__augment augment = {
        .c = C, .h = H, .w = W, .shift = 1, .flip = 1, .seed = 9, .epoch = 2};
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn__feed *feed;
        clcnn_error error = {.message = ""};
        if (!CHECK(clcnn__feed_create(harness_ctx(device), BATCH, PIXELS, normalise, &feed,
                                      &error) == CLCNN_SUCCESS,
                   "%s", error.message))
            continue;
        for (int size = 1; size <= BATCH; size += 5)
            for (int first = 0; first < IMAGES; first += size) {
                int left = IMAGES - first;
                const clcnn__batch batch = {.n = left < size ? left : size,
                                            .pixels = pixels,
                                            .labels = labels,
                                            .order = order + first,
                                            .augment = &augment};
                check_sent(device, feed, &batch, table);
            }
        clcnn__feed_destroy(feed);
    }
}

static const harness_test tests[] = {
    {"pictures are moved", pictures_are_moved},
    {"draws are uniform", draws_are_uniform},
    {"draws do what is asked, alone", draws_do_what_is_asked_alone},
    {"batches make no difference", batches_make_no_difference},
    {NULL, NULL}};

int main(void)
{
    return harness_run("augment", tests);
}
