/* Moved and mirrored images: see augment.h. */
#include "augment.h"

#include "net.h"
#include "philox.h"

/* One of -shift to shift, each as likely as the others. */
static int draw_shift(uint32_t word, int shift)
{
    return (int)clcnn__philox_below(word, 2 * (uint32_t)shift + 1) - shift;
}

clcnn__movement clcnn__augment_draw(const clcnn__augment *augment, uint64_t image)
{
    clcnn__philox_counter words =
        clcnn__philox_at(augment->seed, CLCNN__STREAM_AUGMENT + augment->epoch, image);
    return (clcnn__movement){.down = draw_shift(words.v[0], augment->shift),
                             .right = draw_shift(words.v[1], augment->shift),
                             .mirrored = augment->flip && words.v[2] >> 31};
}

static void fill(float *out, int from, int to, float value)
{
    for (int x = from; x < to; ++x)
        out[x] = value;
}

/* Columns `from` to `to` of a row; column x comes from in[x - right], or from the mirror image of
 * that. */
static void write_row(const float table[256], const uint8_t *in, int w, clcnn__movement m, int from,
                      int to, float *out)
{
    fill(out, 0, from, table[0]);
    if (m.mirrored) {
        int last = w - 1 + m.right;
        for (int x = from; x < to; ++x)
            out[x] = table[in[last - x]];
    } else {
        for (int x = from; x < to; ++x)
            out[x] = table[in[x - m.right]];
    }
    fill(out, to, w, table[0]);
}

void clcnn__augment_apply(const clcnn__augment *augment, clcnn__movement m, const float table[256],
                          const uint8_t *in, float *out)
{
    int h = augment->h, w = augment->w;
    int from = m.right > 0 ? m.right : 0, to = m.right < 0 ? w + m.right : w;
    for (int c = 0; c < augment->c; ++c) {
        for (int y = 0; y < h; ++y) {
            int row = y - m.down;
            if (row >= 0 && row < h)
                write_row(table, in + (size_t)row * (size_t)w, w, m, from, to, out);
            else
                fill(out, 0, w, table[0]);
            out += w;
        }
        in += (size_t)h * (size_t)w;
    }
}
