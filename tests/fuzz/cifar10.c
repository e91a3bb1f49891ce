/*
 * Any bytes at all as two of CIFAR-10's files: refused with a sentence, or every pixel and label
 * can be read. The first byte says how many sixteenths of those after it are the first file.
 */
#include "clcnn_net.h"

#include "input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"0", "1"};
    clcnn_images images = {.count = -1};
    clcnn_error error = {.message = ""};
    if (size < 1)
        return 0;
    size_t first = (size - 1) * (data[0] % 17u) / 16;
    fuzz_set(0, data + 1, first);
    fuzz_set(1, data + 1 + first, size - 1 - first);
    int count = first < size - 1 ? 2 : 1;
    clcnn_status status = clcnn_images_read_cifar10(paths, count, &images, &error);
    if (status != CLCNN_SUCCESS) {
        if (images.count != -1 || !error.message[0])
            abort();
        return 0;
    }
    if (images.count < count || images.c != 3 || images.h != 32 || images.w != 32)
        abort();
    for (size_t i = 0; i < (size_t)images.count * 3 * 32 * 32; ++i)
        fuzz_sum += images.pixels[i];
    for (int i = 0; i < images.count; ++i)
        if (images.labels[i] >= images.classes)
            abort();
    clcnn_images_free(&images);
    return 0;
}
