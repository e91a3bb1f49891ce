/*
 * Any bytes at all as a pair of IDX files: refused with a sentence, or every pixel and label can be
 * read. The first byte says how many of those after it are the labels.
 */
#include "clcnn_net.h"

#include "input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clcnn_images images = {.count = -1};
    clcnn_error error = {.message = ""};
    if (size < 1)
        return 0;
    size_t labels = data[0] < size ? data[0] : size - 1;
    fuzz_set(1, data + 1, labels);
    fuzz_set(0, data + 1 + labels, size - 1 - labels);
    clcnn_status status = clcnn_images_read_idx("0", "1", 10, &images, &error);
    if (status != CLCNN_SUCCESS) {
        if (images.count != -1 || !error.message[0])
            abort();
        return 0;
    }
    size_t pixels = (size_t)images.count * (size_t)images.h * (size_t)images.w;
    for (size_t i = 0; i < pixels; ++i)
        fuzz_sum += images.pixels[i];
    for (int i = 0; i < images.count; ++i)
        if (images.labels[i] >= 10)
            abort();
    clcnn_images_free(&images);
    return 0;
}
