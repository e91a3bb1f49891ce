/* Files that may be compressed: see stream.h. */
#include "stream.h"

#include "internal.h"

#include <string.h>

#define BAD CLCNN__BAD_STREAM

clcnn_status clcnn__stream_open(clcnn__stream *s, const char *path, clcnn_error *error)
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

void clcnn__stream_close(clcnn__stream *s)
{
    if (s->gzip)
        inflateEnd(&s->z);
    clcnn__input_close(&s->in);
}

/* Makes sure that the buffer has bytes unless the file is at its end. */
static clcnn_status fill(clcnn__stream *s)
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
static clcnn_status inflate_some(clcnn__stream *s)
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

clcnn_status clcnn__stream_read(clcnn__stream *s, unsigned char *to, size_t size, size_t *got)
{
    clcnn_status status = CLCNN_SUCCESS;
    size_t left = size;
    if (s->gzip) {
        s->z.next_out = to;
        s->z.avail_out = (uInt)size; /* at most 2^30 */
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

clcnn_status clcnn__stream_end(clcnn__stream *s, const char *what)
{
    unsigned char byte;
    size_t got = 0;
    clcnn_status status = clcnn__stream_read(s, &byte, 1, &got);
    if (status != CLCNN_SUCCESS)
        return status;
    if (got > 0)
        return BAD(s, "it goes on after the last of its %s", s->in.path, what);
    status = fill(s);
    if (status == CLCNN_SUCCESS && s->z.avail_in > 0)
        return BAD(s, "there are bytes after the end of its gzip data", s->in.path);
    return status;
}
