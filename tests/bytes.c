/* Contents of files: see bytes.h. */
#include "bytes.h"

#include "harness.h"
#include "scratch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

void append(bytes *b, const void *data, size_t size)
{
    unsigned char *larger = realloc(b->data, b->size + size + 1);
    if (!CHECK(larger != NULL, "no memory"))
        return;
    b->data = larger;
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

bytes compress_gzip(bytes b)
{
    z_stream z = {0};
    bytes out = {0};
    if (!CHECK(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK, "deflate"))
        return b;
    out.size = deflateBound(&z, (uLong)b.size);
    out.data = malloc(out.size);
    z.next_in = b.data;
    z.avail_in = (uInt)b.size;
    z.next_out = out.data;
    z.avail_out = (uInt)out.size;
    CHECK(out.data && deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate does not end");
    out.size = z.total_out;
    deflateEnd(&z);
    free(b.data);
    return out;
}

bytes make_bomb(bytes head, int mib)
{
    enum { MIB = 1 << 20 };
    z_stream z = {0};
    unsigned char *zeros = calloc(1, MIB);
    bytes out = {0};
    CHECK(zeros && deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK,
          "deflate");
    for (int i = 0; zeros && i <= mib; ++i) {
        unsigned char packed[8192];
        z.next_in = i == 0 ? head.data : zeros;
        z.avail_in = i == 0 ? (uInt)head.size : MIB;
        do {
            z.next_out = packed;
            z.avail_out = sizeof packed;
            deflate(&z, i == mib ? Z_FINISH : Z_NO_FLUSH);
            append(&out, packed, sizeof packed - z.avail_out);
        } while (z.avail_out == 0);
    }
    deflateEnd(&z);
    free(zeros);
    free(head.data);
    return out;
}

void write_bytes(const char *name, bytes b)
{
    scratch_write(name, b.data, b.size);
    free(b.data);
}

long long peak_memory(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? 1024LL * usage.ru_maxrss : 0;
}
