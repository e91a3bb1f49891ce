/*
 * The data set "synthetic": images of the digits 0 to 9 that clcnn draws itself, 28x28 as MNIST's,
 * so that training can be tried where no data are installed.
 *
 * A digit is a few quadratic curves. For each image their points are moved at random, then scaled,
 * turned, slanted and shifted as a whole, drawn with a pen of random width, and disturbed by a
 * stray stroke and noise. All randomness is Philox's, by number of the image, so any image can be
 * drawn on its own; all arithmetic is in integers, so the pixels are the same on every machine.
 *
 * Units: digits are described on a grid from -40 to 40 across and -60 to 60 down; a pixel has ONE
 * (256) units.
 */
#include "dataset.h"
#include "internal.h"
#include "philox.h"

#include <stdlib.h>
#include <string.h>

enum {
    SIDE = 28,
    PIXELS = SIDE * SIDE,
    ONE = 256,
    DIGITS = 10,
    MAX_CURVES = 8,
    SEGMENTS = 4, /* straight pieces of a curve */
    FAR = 1 << 30 /* further than anything in the image, squared */
};

/* The key under which the images are drawn: the set is one fixed set. */
#define KEY UINT64_C(0x636c636e6e)

typedef struct point {
    int x, y;
} point;

/* A quadratic curve from the first to the last point, drawn towards the middle one. */
typedef struct curve {
    point p[3];
} curve;

#define LINE(x0, y0, x1, y1)                                                                       \
    {                                                                                              \
        {                                                                                          \
            {x0, y0}, {((x0) + (x1)) / 2, ((y0) + (y1)) / 2},                                      \
            {                                                                                      \
                x1, y1                                                                             \
            }                                                                                      \
        }                                                                                          \
    }
#define CURVE(x0, y0, cx, cy, x1, y1)                                                              \
    {                                                                                              \
        {                                                                                          \
            {x0, y0}, {cx, cy},                                                                    \
            {                                                                                      \
                x1, y1                                                                             \
            }                                                                                      \
        }                                                                                          \
    }
/* An ellipse around (x,y) with half-axes a and b, as four curves. */
#define ELLIPSE(x, y, a, b)                                                                        \
    CURVE(x, (y) - (b), (x) + (a), (y) - (b), (x) + (a), y),                                       \
        CURVE((x) + (a), y, (x) + (a), (y) + (b), x, (y) + (b)),                                   \
        CURVE(x, (y) + (b), (x) - (a), (y) + (b), (x) - (a), y),                                   \
        CURVE((x) - (a), y, (x) - (a), (y) - (b), x, (y) - (b))

static const struct {
    int count;
    curve curves[MAX_CURVES];
} digits[DIGITS] = {
    {4, {ELLIPSE(0, 0, 38, 60)}},
    {2, {LINE(-20, -36, 6, -60), LINE(6, -60, 6, 60)}},
    {4,
     {CURVE(-35, -30, -34, -60, 0, -60), CURVE(0, -60, 42, -58, 34, -22),
      CURVE(34, -22, 26, 10, -38, 60), LINE(-38, 60, 40, 60)}},
    {4,
     {CURVE(-32, -52, 34, -76, 32, -30), CURVE(32, -30, 30, -6, -8, -4),
      CURVE(-8, -4, 40, -4, 38, 28), CURVE(38, 28, 34, 76, -36, 50)}},
    {3, {LINE(20, -60, -40, 18), LINE(-40, 18, 42, 18), LINE(20, -60, 20, 60)}},
    {5,
     {LINE(36, -60, -26, -60), LINE(-26, -60, -32, -8), CURVE(-32, -8, 0, -26, 24, -8),
      CURVE(24, -8, 50, 16, 28, 46), CURVE(28, 46, 4, 70, -38, 50)}},
    {5,
     {CURVE(26, -58, -40, -52, -38, 18), CURVE(-38, 18, -38, 60, 0, 60),
      CURVE(0, 60, 40, 60, 38, 24), CURVE(38, 24, 36, -10, 0, -10),
      CURVE(0, -10, -34, -8, -38, 18)}},
    {2, {LINE(-38, -58, 38, -58), CURVE(38, -58, 4, -6, -12, 60)}},
    {8, {ELLIPSE(0, -30, 28, 30), ELLIPSE(0, 30, 36, 30)}},
    {5, {ELLIPSE(0, -26, 34, 34), CURVE(34, -26, 38, 30, 8, 60)}},
};

/* ---- Random numbers -------------------------------------------------------------------------- */

/* Words of one image in a row. */
typedef struct dice {
    uint64_t stream, next; /* `next` counts words */
    clcnn__philox_counter words;
} dice;

/* The words of an image have the numbers image * 2^16 + 0, 1, 2 ... in their stream. */
static dice dice_of(uint64_t stream, int image)
{
    return (dice){.stream = stream, .next = (uint64_t)image << 16};
}

static uint32_t next_word(dice *d)
{
    if (d->next % 4 == 0)
        d->words = clcnn__philox_at(KEY, d->stream, d->next / 4);
    return d->words.v[d->next++ % 4];
}

/* An integer from low to high, both included. */
static int between(dice *d, int low, int high)
{
    return low + (int)clcnn__philox_below(next_word(d), (uint32_t)(high - low + 1));
}

/* ---- Drawing --------------------------------------------------------------------------------- */

typedef struct canvas {
    int square[PIXELS]; /* square of the distance to the nearest stroke, FAR for far away */
    int ink[PIXELS];    /* 0 to 255 */
} canvas;

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most(int a, int b)
{
    return a > b ? a : b;
}

/* Square of the distance from p to the piece from a to b. */
static int square_distance(point p, point a, point b)
{
    int64_t dx = b.x - a.x, dy = b.y - a.y, px = p.x - a.x, py = p.y - a.y;
    int64_t along = px * dx + py * dy, length = dx * dx + dy * dy;
    if (along <= 0)
        return (int)(px * px + py * py);
    if (along >= length) {
        px -= dx;
        py -= dy;
        return (int)(px * px + py * py);
    }
    int64_t across = px * dy - py * dx;
    return (int)(across * across / length);
}

/* The pixels from *first to *last lie within `reach` of coordinates a and b; none: *first > *last.
 */
static void pixel_range(int a, int b, int reach, int *first, int *last)
{
    /* the middle of pixel i is at i * ONE + ONE / 2 */
    *first = most(least(a, b) - reach, 0) / ONE;
    *last = least(most(a, b) + reach, SIDE * ONE - 1) / ONE;
}

static void draw_segment(canvas *c, point a, point b, int reach)
{
    int left, right, top, bottom;
    pixel_range(a.x, b.x, reach, &left, &right);
    pixel_range(a.y, b.y, reach, &top, &bottom);
    for (int y = top; y <= bottom; ++y)
        for (int x = left; x <= right; ++x) {
            point p = {x * ONE + ONE / 2, y * ONE + ONE / 2};
            int *square = &c->square[y * SIDE + x];
            *square = least(*square, square_distance(p, a, b));
        }
}

/* The point at k / SEGMENTS of a curve. */
static point on_curve(const point *p, int k)
{
    int j = SEGMENTS - k, a = j * j, b = 2 * j * k, c = k * k, all = SEGMENTS * SEGMENTS;
    return (point){(a * p[0].x + b * p[1].x + c * p[2].x) / all,
                   (a * p[0].y + b * p[1].y + c * p[2].y) / all};
}

static void draw_curve(canvas *c, const point *p, int reach)
{
    point from = p[0];
    for (int k = 1; k <= SEGMENTS; ++k) {
        point to = on_curve(p, k);
        draw_segment(c, from, to, reach);
        from = to;
    }
}

/* Largest integer whose square is at most n. */
static int root(int n)
{
    int r = 0;
    for (int bit = 1 << 14; bit > 0; bit /= 2)
        if ((r + bit) * (r + bit) <= n)
            r += bit;
    return r;
}

/*
 * Turns the distances into ink with a pen of half-width `radius`: full inside, nothing from half a
 * pixel outside on, even in between. Then forgets the distances.
 */
static void ink_strokes(canvas *c, int radius, int darkness)
{
    int reach = radius + ONE / 2;
    for (int i = 0; i < PIXELS; ++i) {
        if (c->square[i] < reach * reach) {
            int cover = least(reach - root(c->square[i]), ONE);
            c->ink[i] = most(c->ink[i], darkness * cover / ONE);
        }
        c->square[i] = FAR;
    }
}

/* ---- One image ------------------------------------------------------------------------------- */

/* How a digit is laid on the image: x' = (xx*x + xy*y) / ONE + x0, and so on. */
typedef struct layout {
    int xx, xy, yx, yy, x0, y0;
} layout;

/* Scale, turn and slant at once: a turn by a small angle is nearly a pair of slants. */
static layout random_layout(dice *d)
{
    const int unit = ONE * ONE; /* of the factors: ONE * (pixel units per grid unit) */
    int width = between(d, unit * 11 / 100, unit * 17 / 100);
    int height = between(d, unit * 11 / 100, unit * 16 / 100);
    int turn = between(d, -unit / 30, unit / 30), slant = between(d, -unit / 30, unit / 30);
    int middle = SIDE * ONE / 2;
    return (layout){.xx = width,
                    .xy = slant - turn,
                    .yx = turn,
                    .yy = height,
                    .x0 = middle + between(d, -2 * ONE, 2 * ONE),
                    .y0 = middle + between(d, -2 * ONE, 2 * ONE)};
}

static point lay(const layout *l, point p)
{
    return (point){(l->xx * p.x + l->xy * p.y) / ONE + l->x0,
                   (l->yx * p.x + l->yy * p.y) / ONE + l->y0};
}

/* The displacement of a point of the grid: the same for equal points, so that strokes that meet go
 * on meeting. `shift` has a row for each of 3x4 regions. */
static point displaced(point p, const point *shift)
{
    int column = p.x < -13 ? 0 : p.x < 14 ? 1 : 2;
    int row = p.y < -40 ? 0 : p.y < 0 ? 1 : p.y < 40 ? 2 : 3;
    const point *s = &shift[row * 3 + column];
    return (point){p.x + s->x, p.y + s->y};
}

static void draw_digit(canvas *c, dice *d, int digit)
{
    layout l = random_layout(d);
    point shift[12];
    for (int i = 0; i < 12; ++i)
        shift[i] = (point){between(d, -9, 9), between(d, -9, 9)};
    int radius = between(d, ONE / 2, ONE * 3 / 2);
    for (int i = 0; i < digits[digit].count; ++i) {
        point p[3];
        for (int j = 0; j < 3; ++j)
            p[j] = lay(&l, displaced(digits[digit].curves[i].p[j], shift));
        draw_curve(c, p, radius + ONE / 2);
    }
    ink_strokes(c, radius, between(d, 150, 255));
}

/* A short, paler stroke anywhere, in half of the images. */
static void draw_stray(canvas *c, dice *d)
{
    int range = SIDE * ONE;
    point a = {between(d, 0, range), between(d, 0, range)};
    point b = {a.x + between(d, -6 * ONE, 6 * ONE), a.y + between(d, -6 * ONE, 6 * ONE)};
    int darkness = between(d, -150, 150);
    if (darkness > 0) {
        draw_segment(c, a, b, ONE);
        ink_strokes(c, ONE / 2, darkness);
    }
}

static void add_noise(const canvas *c, dice *d, uint8_t *pixels)
{
    int amplitude = between(d, 0, 48);
    uint32_t bytes = 0;
    for (int i = 0; i < PIXELS; ++i) {
        bytes = i % 4 == 0 ? next_word(d) : bytes >> 8;
        int noise = ((int)(bytes & 255) - 128) * amplitude / 128;
        pixels[i] = (uint8_t)most(0, least(255, c->ink[i] + noise));
    }
}

static uint8_t draw_image(uint64_t stream, int image, uint8_t *pixels)
{
    dice d = dice_of(stream, image);
    canvas c;
    for (int i = 0; i < PIXELS; ++i) {
        c.square[i] = FAR;
        c.ink[i] = 0;
    }
    int digit = between(&d, 0, DIGITS - 1);
    draw_digit(&c, &d, digit);
    draw_stray(&c, &d);
    add_noise(&c, &d, pixels);
    return (uint8_t)digit;
}

clcnn_status clcnn__synthetic_images(uint64_t stream, int count, clcnn_images *images,
                                     clcnn_error *error)
{
    uint8_t *pixels = malloc((size_t)count * PIXELS), *labels = malloc((size_t)count);
    if (!pixels || !labels) {
        free(pixels);
        free(labels);
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %d images of %dx%d", count,
                           SIDE, SIDE);
    }
    for (int i = 0; i < count; ++i)
        labels[i] = draw_image(stream, i, pixels + (size_t)i * PIXELS);
    *images = (clcnn_images){.count = count,
                             .c = 1,
                             .h = SIDE,
                             .w = SIDE,
                             .classes = DIGITS,
                             .pixels = pixels,
                             .labels = labels};
    return CLCNN_SUCCESS;
}
