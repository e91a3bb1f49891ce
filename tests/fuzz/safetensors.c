/* Any bytes at all as a safetensors file: refused with a sentence, or every tensor can be read. */
#include "safetensors.h"

#include "input.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    clcnn__safetensors *st = NULL;
    clcnn_error error = {.message = ""};
    fuzz_set(0, data, size);
    clcnn_status status = clcnn__safetensors_open("0", &st, &error);
    if (status != CLCNN_SUCCESS && (st || !error.message[0]))
        abort();
    size_t bytes = 0;
    for (size_t i = 0; st && i < clcnn__safetensors_count(st); ++i) {
        const clcnn__safetensors_tensor *t = clcnn__safetensors_at(st, i);
        size_t length = t->count * clcnn__dtype_size(t->dtype);
        for (size_t j = 0; j < length; ++j)
            fuzz_sum += ((const uint8_t *)t->data)[j];
        if (clcnn__safetensors_find(st, t->name) != t)
            abort(); /* a name twice */
        bytes += length;
    }
    if (bytes > size)
        abort();
    for (size_t i = 0; st && i < clcnn__safetensors_meta_count(st); ++i)
        fuzz_sum += (unsigned)strlen(clcnn__safetensors_meta_at(st, i)->value);
    clcnn__safetensors_close(st);
    return 0;
}
