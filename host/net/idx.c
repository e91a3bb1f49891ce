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
#include "file.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    MAX_DIM = 1 << 24,
    MAX_BYTES = 1 << 30, /* of one file's contents */
    FIRST_BYTES = 1 << 20,
    BUFFER_BYTES = 1 << 16,
    MAX_CLASSES = 256
};

/* A file's bytes, decompressed where they have to be. */
typedef struct stream {
    clcnn__input in;
    clcnn_error *error;
    bool gzip;
    bool ended; /* of gzip: the end of the compressed stream was seen */
    z_stream z;
    unsigned char buffer[BUFFER_BYTES]; /* compressed bytes */
} stream;

#define BAD(s, ...) CLCNN__FAIL((s)->error, CLCNN_BAD_FILE, "%.400s: " __VA_ARGS__)

/* One kind of file. */
typedef struct kind {
    const char *what;
    int dims;
} kind;
static const kind images_kind = {"images", 3}, labels_kind = {"labels", 1};

/* ---- Bytes ----------------------------------------------------------------------------------- */

static clcnn_status stream_open(stream *s, const char *path, clcnn_error *error)
{
    s->error = error;
    s->gzip = s->ended = false;
    memset(&s->z, 0, sizeof s->z);
    clcnn_status status = clcnn__input_open(path, &s->in, error);
    if (status != CLCNN_SUCCESS)
        return status;
    size_t got = 0;
    status = clcnn__input_some(&s->in, s->buffer, sizeof s->buffer, &got, error);
    s->gzip = got >= 2 && s->buffer[0] == 0x1f && s->buffer[1] == 0x8b;
    s->z.next_in = s->buffer;
    s->z.avail_in = (uInt)got;
    /* 15 + 16: the largest window, and a gzip header around the data */
    if (status == CLCNN_SUCCESS && s->gzip && inflateInit2(&s->z, 15 + 16) != Z_OK)
        status = CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory to decompress %.400s", path);
    if (status != CLCNN_SUCCESS)
        clcnn__input_close(&s->in);
    return status;
}

static void stream_close(stream *s)
{
    if (s->gzip)
        inflateEnd(&s->z);
    clcnn__input_close(&s->in);
}

/* Makes sure that the buffer has bytes unless the file is at its end. */
static clcnn_status fill(stream *s)
{
    size_t got = 0;
    if (s->z.avail_in > 0)
        return CLCNN_SUCCESS;
    clcnn_status status = clcnn__input_some(&s->in, s->buffer, sizeof s->buffer, &got, s->error);
    s->z.next_in = s->buffer;
    s->z.avail_in = (uInt)got;
    return status;
}

/* Decompresses into z.next_out until it is full or the stream ends. */
static clcnn_status inflate_some(stream *s)
{
    while (s->z.avail_out > 0 && !s->ended) {
        clcnn_status status = fill(s);
        if (status != CLCNN_SUCCESS)
            return status;
        if (s->z.avail_in == 0)
            return BAD(s, "its gzip data are cut short after %llu bytes", s->in.path,
                       (unsigned long long)s->in.size);
        int result = inflate(&s->z, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR)
            return CLCNN__FAIL(s->error, CLCNN_OUT_OF_MEMORY, "no memory to decompress %.400s",
                               s->in.path);
        if (result != Z_OK && result != Z_STREAM_END)
            return BAD(s, "its gzip data are damaged: %s", s->in.path,
                       s->z.msg ? s->z.msg : "they need a dictionary");
        s->ended = result == Z_STREAM_END;
    }
    return CLCNN_SUCCESS;
}

/* Reads up to `size` bytes of the contents; *got is less only at their end. */
static clcnn_status stream_read(stream *s, unsigned char *to, size_t size, size_t *got)
{
    clcnn_status status = CLCNN_SUCCESS;
    size_t left = size;
    if (s->gzip) {
        s->z.next_out = to;
        s->z.avail_out = (uInt)size; /* at most MAX_BYTES */
        status = inflate_some(s);
        *got = size - s->z.avail_out;
        return status;
    }
    while (left > 0 && (status = fill(s)) == CLCNN_SUCCESS && s->z.avail_in > 0) {
        size_t n = left < s->z.avail_in ? left : s->z.avail_in;
        memcpy(to + (size - left), s->z.next_in, n);
        s->z.next_in += n;
        s->z.avail_in -= (uInt)n;
        left -= n;
    }
    *got = size - left;
    return status;
}

/* Nothing may follow: neither contents nor bytes after the compressed stream. */
static clcnn_status stream_end(stream *s)
{
    unsigned char byte;
    size_t got = 0;
    clcnn_status status = stream_read(s, &byte, 1, &got);
    if (status != CLCNN_SUCCESS)
        return status;
    if (got > 0)
        return BAD(s, "it goes on after the last of its elements", s->in.path);
    status = fill(s);
    if (status == CLCNN_SUCCESS && s->z.avail_in > 0)
        return BAD(s, "there are bytes after the end of its gzip data", s->in.path);
    return status;
}

/* ---- IDX ------------------------------------------------------------------------------------- */

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Reads magic and dimensions and works out the bytes that have to follow. */
static clcnn_status read_dims(stream *s, const kind *k, int *dims, size_t *bytes)
{
    unsigned char header[16];
    size_t size = 4 + 4 * (size_t)k->dims, got = 0;
    clcnn_status status = stream_read(s, header, size, &got);
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
static clcnn_status read_bytes(stream *s, size_t bytes, unsigned char **data)
{
    size_t have = 0, capacity = s->gzip && bytes > FIRST_BYTES ? FIRST_BYTES : bytes;
    for (;;) {
        unsigned char *larger = realloc(*data, capacity);
        if (!larger)
            return CLCNN__FAIL(s->error, CLCNN_OUT_OF_MEMORY, "%.400s: no memory for %zu bytes",
                               s->in.path, capacity);
        *data = larger;
        size_t got = 0;
        clcnn_status status = stream_read(s, larger + have, capacity - have, &got);
        if (status != CLCNN_SUCCESS)
            return status;
        have += got;
        if (have < capacity)
            return BAD(s, "it ends after %zu of the %zu bytes that its header makes", s->in.path,
                       have, bytes);
        if (have == bytes)
            return stream_end(s);
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
    stream *s = malloc(sizeof *s);
    size_t bytes = 0;
    if (!s)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory to read %.400s", path);
    clcnn_status status = stream_open(s, path, error);
    if (status == CLCNN_SUCCESS) {
        status = read_dims(s, k, dims, &bytes);
        if (status == CLCNN_SUCCESS && count != 0 && dims[0] != count)
            status = BAD(s, "it has %d %s for %d labels", path, dims[0], k->what, count);
        if (status == CLCNN_SUCCESS)
            status = read_bytes(s, bytes, data);
        stream_close(s);
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

void clcnn_images_free(clcnn_images *images)
{
    if (!images)
        return;
    free(images->pixels);
    free(images->labels);
    *images = (clcnn_images){0};
}
