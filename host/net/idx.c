/*
 * Reading IDX files, the format of MNIST and its kin: a magic number that tells the type and the
 * number of dimensions, the dimensions (big-endian, 32 bits), then the bytes. Plain or gzip; which
 * of the two is seen from the first bytes.
 *
 * A file comes from anywhere. Of a plain one the length must be exactly what the dimensions make
 * before memory is asked for. A compressed one does not tell its length: there the memory grows
 * with what really comes out of it, up to what the dimensions make and never past MAX_BYTES, and
 * the stream must end right there with the right checksum. Labels are read first, so that images
 * whose number is wrong are not read at all.
 */
#include "clcnn_net.h"
#include "internal.h"
#include "stream.h"

#include <stdlib.h>

enum {
    MAX_DIM = 1 << 24,
    MAX_BYTES = 1 << 30, /* of one file's contents */
    FIRST_BYTES = 1 << 20,
    MAX_CLASSES = 256
};

#define BAD CLCNN__BAD_STREAM

/* One kind of file. */
typedef struct kind {
    const char *what;
    int dims;
} kind;
static const kind images_kind = {"images", 3}, labels_kind = {"labels", 1};

/* ---- IDX ------------------------------------------------------------------------------------- */

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Reads magic and dimensions and works out the bytes that have to follow. */
static clcnn_status read_dims(clcnn__stream *s, const kind *k, int *dims, size_t *bytes)
{
    unsigned char header[16];
    size_t size = 4 + 4 * (size_t)k->dims, got = 0;
    clcnn_status status = clcnn__stream_read(s, header, size, &got);
    if (status != CLCNN_SUCCESS)
        return status;
    if (got < size)
        return BAD(s, "it has %zu bytes, and the header of IDX %s alone has %zu", s->in.path, got,
                   k->what, size);
    uint32_t magic = big_endian(header), expected = 0x800 | (uint32_t)k->dims;
    if (magic != expected)
        return BAD(s, "it begins with 0x%08x, and IDX %s begin with 0x%08x", s->in.path, magic,
                   k->what, expected);
    uint64_t product = 1;
    for (int i = 0; i < k->dims; ++i) {
        uint32_t dim = big_endian(header + 4 + 4 * i);
        if (dim < 1 || dim > MAX_DIM)
            return BAD(s, "size %d of its %s is %u, not 1 to %d", s->in.path, i, k->what, dim,
                       MAX_DIM);
        product *= dim; /* at most 2^30 * 2^24 */
        if (product > MAX_BYTES)
            return BAD(s, "its %s have more than %d bytes", s->in.path, k->what, MAX_BYTES);
        dims[i] = (int)dim;
    }
    *bytes = (size_t)product;
    if (!s->gzip && s->in.size != size + product)
        return BAD(s, "it has %llu bytes where its header makes %llu", s->in.path,
                   (unsigned long long)s->in.size, (unsigned long long)(size + product));
    return CLCNN_SUCCESS;
}

/* Reads exactly `bytes` bytes into memory that grows with them; on failure *data is still to be
 * freed. */
static clcnn_status read_bytes(clcnn__stream *s, size_t bytes, unsigned char **data)
{
    size_t have = 0, capacity = s->gzip && bytes > FIRST_BYTES ? FIRST_BYTES : bytes;
    for (;;) {
        unsigned char *larger = realloc(*data, capacity);
        if (!larger)
            return CLCNN__FAIL(s->error, CLCNN_OUT_OF_MEMORY, "%.400s: no memory for %zu bytes",
                               s->in.path, capacity);
        *data = larger;
        size_t got = 0;
        clcnn_status status = clcnn__stream_read(s, larger + have, capacity - have, &got);
        if (status != CLCNN_SUCCESS)
            return status;
        have += got;
        if (have < capacity)
            return BAD(s, "it ends after %zu of the %zu bytes that its header makes", s->in.path,
                       have, bytes);
        if (have == bytes)
            return clcnn__stream_end(s, "elements");
        capacity = bytes - have < have ? bytes : 2 * have;
    }
}

/*
 * Reads one file. When `count` is not 0 its first dimension must be that. *data is to be freed
 * whatever the outcome.
 */
static clcnn_status read_file(const char *path, const kind *k, int count, int *dims,
                              unsigned char **data, clcnn_error *error)
{
    clcnn__stream *s = malloc(sizeof *s);
    size_t bytes = 0;
    if (!s)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory to read %.400s", path);
    clcnn_status status = clcnn__stream_open(s, path, error);
    if (status == CLCNN_SUCCESS) {
        status = read_dims(s, k, dims, &bytes);
        if (status == CLCNN_SUCCESS && count != 0 && dims[0] != count)
            status = BAD(s, "it has %d %s for %d labels", path, dims[0], k->what, count);
        if (status == CLCNN_SUCCESS)
            status = read_bytes(s, bytes, data);
        clcnn__stream_close(s);
    }
    free(s);
    return status;
}

static clcnn_status check_labels(const char *path, const unsigned char *labels, int count,
                                 int classes, clcnn_error *error)
{
    for (int i = 0; i < count; ++i)
        if (labels[i] >= classes)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                               "%.400s: label %d is %d, and there are %d classes", path, i,
                               labels[i], classes);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_images_read_idx(const char *images_path, const char *labels_path, int classes,
                                   clcnn_images *images, clcnn_error *error)
{
    if (!images_path || !labels_path || !images)
        return CLCNN__INVALID(error, "clcnn_images_read_idx: %s is NULL",
                              !images_path   ? "images_path"
                              : !labels_path ? "labels_path"
                                             : "images");
    if (classes < 1 || classes > MAX_CLASSES)
        return CLCNN__INVALID(error, "clcnn_images_read_idx: classes is %d, not 1 to %d", classes,
                              MAX_CLASSES);
    unsigned char *labels = NULL, *pixels = NULL;
    int count = 0, dims[3] = {0};
    clcnn_status status = read_file(labels_path, &labels_kind, 0, &count, &labels, error);
    if (status == CLCNN_SUCCESS)
        status = check_labels(labels_path, labels, count, classes, error);
    if (status == CLCNN_SUCCESS)
        status = read_file(images_path, &images_kind, count, dims, &pixels, error);
    if (status != CLCNN_SUCCESS) {
        free(labels);
        free(pixels);
        return status;
    }
    *images = (clcnn_images){.count = count,
                             .c = 1,
                             .h = dims[1],
                             .w = dims[2],
                             .classes = classes,
                             .pixels = pixels,
                             .labels = labels};
    return CLCNN_SUCCESS;
}
