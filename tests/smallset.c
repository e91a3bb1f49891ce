/* A small data set in memory: see smallset.h. */
#include "smallset.h"
#include "philox.h"

#include <stdio.h>
#include <stdlib.h>

static clcnn_images make_images(int count, uint64_t seed, uint64_t stream)
{
    enum { PIXELS = SMALL_C * SMALL_H * SMALL_W };
    clcnn_images images = {count, SMALL_C, SMALL_H, SMALL_W, SMALL_CLASSES, NULL, NULL};
    images.pixels = malloc((size_t)count * PIXELS);
    images.labels = malloc((size_t)count);
    for (int i = 0; i < count; ++i) {
        int label = (int)(clcnn__philox_at(seed, stream, (uint64_t)i).v[0] % SMALL_CLASSES);
        images.labels[i] = (uint8_t)label;
        for (int p = 0; p < PIXELS; ++p) {
            uint64_t index = ((uint64_t)i + 1) << 32 | (uint64_t)p;
            uint32_t noise = clcnn__philox_at(seed, stream, index).v[0] % 120;
            uint32_t signal = p / SMALL_W / 2 == label ? 120 : 10;
            images.pixels[(size_t)i * PIXELS + (size_t)p] = (uint8_t)(signal + noise);
        }
    }
    return images;
}

void smallset_create(int train, uint64_t seed, clcnn_dataset *set)
{
    *set = (clcnn_dataset){.name = "small"};
    set->train = make_images(train, seed, 1);
    set->test = make_images(train / 3, seed, 2);
}
