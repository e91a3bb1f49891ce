/* Guarded device buffers: see buffer.h. */
#include "buffer.h"

#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD_ELEMENTS = 1024, ELEMENT = 4, POISON = 0xFF };

/* Odd, so that a cast to a vector pointer would be misaligned, and another for each slot. */
static size_t element_offset(unsigned slot)
{
    return GUARD_ELEMENTS + 1 + 2 * (slot % 16u);
}

static bool opencl_failed(cl_int code, const char *call, char *message, size_t size)
{
    if (code == CL_SUCCESS)
        return false;
    snprintf(message, size, "%s returned %s (%d)", call, clcnn__cl_name(code), code);
    return true;
}

bool check_buffer_create(check_buffer *b, clcnn_ctx *ctx, size_t count, const void *data,
                         unsigned slot, char *message, size_t size)
{
    const size_t offset = element_offset(slot);
    *b = (check_buffer){.count = count, .bytes = (offset + count + GUARD_ELEMENTS) * ELEMENT};
    b->before = malloc(b->bytes);
    b->after = malloc(b->bytes);
    if (!b->before || !b->after) {
        snprintf(message, size, "no memory for 2 times %zu bytes", b->bytes);
        return false;
    }
    memset(b->before, POISON, b->bytes);
    if (data && count)
        memcpy(b->before + offset * ELEMENT, data, count * ELEMENT);
    cl_int code = CL_SUCCESS;
    b->mem.buf = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE, b->bytes, NULL, &code);
    b->mem.offset = offset;
    return !opencl_failed(code, "clCreateBuffer", message, size);
}

void check_buffer_free(check_buffer *b)
{
    if (b->mem.buf)
        clReleaseMemObject(b->mem.buf);
    free(b->before);
    free(b->after);
    *b = (check_buffer){.count = 0};
}

bool check_buffer_upload(check_buffer *b, clcnn_ctx *ctx, char *message, size_t size)
{
    const cl_int code = clEnqueueWriteBuffer(clcnn_ctx_queue(ctx), b->mem.buf, CL_TRUE, 0, b->bytes,
                                             b->before, 0, NULL, NULL);
    return !opencl_failed(code, "clEnqueueWriteBuffer", message, size);
}

const void *check_buffer_elements(const check_buffer *b)
{
    return b->after + b->mem.offset * ELEMENT;
}

/* Where the first byte of [begin, end) differs; `end` when none does. */
static size_t first_change(const check_buffer *b, size_t begin, size_t end)
{
    if (memcmp(b->before + begin, b->after + begin, end - begin) == 0)
        return end;
    while (b->before[begin] == b->after[begin])
        begin++;
    return begin;
}

/* Whether the guard band [begin, end) is as it was. */
static bool check_band(const check_buffer *b, size_t begin, size_t end, const char *where,
                       const char *name, char *message, size_t size)
{
    const size_t first = first_change(b, begin, end);
    size_t changed = 0;
    for (size_t i = first; i < end; i++)
        changed += b->before[i] != b->after[i];
    if (changed > 0)
        snprintf(message, size, "changed %zu bytes %s %s, the first %zu from the band's start",
                 changed, where, name, first - begin);
    return changed == 0;
}

bool check_buffer_download(check_buffer *b, clcnn_ctx *ctx, const char *name, bool unchanged,
                           char *message, size_t size)
{
    const cl_int code = clEnqueueReadBuffer(clcnn_ctx_queue(ctx), b->mem.buf, CL_TRUE, 0, b->bytes,
                                            b->after, 0, NULL, NULL);
    if (opencl_failed(code, "clEnqueueReadBuffer", message, size))
        return false;
    const size_t begin = b->mem.offset * ELEMENT, end = begin + b->count * ELEMENT;
    if (!check_band(b, 0, begin, "before", name, message, size) ||
        !check_band(b, end, b->bytes, "after the end of", name, message, size))
        return false;
    const size_t at = unchanged ? first_change(b, begin, end) : end;
    if (at < end)
        snprintf(message, size, "changed its input %s at element %zu", name,
                 (at - begin) / ELEMENT);
    return at == end;
}
