/*
 * IDX files: damaged ones, plain and compressed, each with its own sentence; every cut and every
 * flipped bit of a good pair; files that pretend to be large, and small ones that are.
 */
#include "clcnn_net.h"

#include "bytes.h"
#include "harness.h"
#include "scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* The good pair: 5 images of 4x3, labels 0 to 3. */
enum { COUNT = 5, HEIGHT = 4, WIDTH = 3, CLASSES = 4, PIXELS = COUNT * HEIGHT * WIDTH };
static const uint8_t good_labels[COUNT] = {3, 0, 1, 2, 0};

static uint8_t pixel(int i)
{
    return (uint8_t)(i * 37 + 11);
}

static void append_big_endian(bytes *b, uint32_t value)
{
    const unsigned char four[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                  (unsigned char)(value >> 8), (unsigned char)value};
    append(b, four, 4);
}

static bytes make_images(uint32_t magic, uint32_t n, uint32_t h, uint32_t w, size_t payload)
{
    bytes b = {0};
    append_big_endian(&b, magic);
    append_big_endian(&b, n);
    append_big_endian(&b, h);
    append_big_endian(&b, w);
    for (size_t i = 0; i < payload; ++i) {
        uint8_t value = pixel((int)i);
        append(&b, &value, 1);
    }
    return b;
}

static bytes make_labels(uint32_t magic, uint32_t n, const uint8_t *labels, size_t payload)
{
    bytes b = {0};
    append_big_endian(&b, magic);
    append_big_endian(&b, n);
    append(&b, labels, payload);
    return b;
}

static void write_good(bool gzip)
{
    bytes images = make_images(0x803, COUNT, HEIGHT, WIDTH, PIXELS);
    bytes labels = make_labels(0x801, COUNT, good_labels, COUNT);
    write_bytes("images", gzip ? compress_gzip(images) : images);
    write_bytes("labels", gzip ? compress_gzip(labels) : labels);
}

static void check_good(const clcnn_images *images)
{
    CHECK(images->count == COUNT && images->c == 1 && images->h == HEIGHT && images->w == WIDTH &&
              images->classes == CLASSES,
          "%d images of %dx%dx%d, %d classes", images->count, images->c, images->h, images->w,
          images->classes);
    for (int i = 0; i < PIXELS; ++i)
        CHECK(images->pixels[i] == pixel(i), "pixel %d is %d", i, images->pixels[i]);
    CHECK(memcmp(images->labels, good_labels, COUNT) == 0, "other labels");
}

/* Reads "images" and "labels", which must fail without a trace. */
static void expect_bad(const char *what, const char *file, const char *piece)
{
    clcnn_error error = {.message = ""};
    clcnn_images images, before;
    memset(&images, 0x5a, sizeof images);
    memcpy(&before, &images, sizeof images);
    int descriptors = scratch_descriptors();
    clcnn_status status = clcnn_images_read_idx(scratch_path("images"), scratch_path("labels"),
                                                CLASSES, &images, &error);
    CHECK(status == CLCNN_BAD_FILE, "%s: status %s", what, clcnn_status_name(status));
    CHECK(memcmp(&images, &before, sizeof images) == 0, "%s: images were touched", what);
    CHECK(strstr(error.message, piece) != NULL, "%s: \"%s\" is not in \"%s\"", what, piece,
          error.message);
    CHECK(strstr(error.message, file) != NULL, "%s: %s is not named in \"%s\"", what, file,
          error.message);
    CHECK(scratch_descriptors() == descriptors, "%s: descriptors stay open", what);
}

/* ---- Wrong contents, plain and compressed ---------------------------------------------------- */

typedef struct wrong_images {
    const char *what;
    uint32_t magic, n, h, w;
    size_t payload;
    const char *plain, *gzip; /* pieces of the message */
} wrong_images;

#define LARGE (1u << 24)
static const wrong_images images_table[] = {
    {"labels instead", 0x801, COUNT, HEIGHT, WIDTH, PIXELS, "begins with 0x00000801",
     "begins with 0x00000801, and IDX images begin with 0x00000803"},
    {"floats", 0xd03, COUNT, HEIGHT, WIDTH, PIXELS, "0x00000d03", "0x00000d03"},
    {"colour images", 0x804, COUNT, HEIGHT, WIDTH, PIXELS, "0x00000804", "0x00000804"},
    {"little-endian", 0x3080000, COUNT, HEIGHT, WIDTH, PIXELS, "0x03080000", "0x03080000"},
    {"magic 0", 0, COUNT, HEIGHT, WIDTH, PIXELS, "begins with 0x00000000", "0x00000000"},
    {"no images", 0x803, 0, HEIGHT, WIDTH, 0, "size 0 of its images is 0, not 1 to 16777216",
     "size 0 of its images is 0"},
    {"height 0", 0x803, COUNT, 0, WIDTH, 0, "size 1 of its images is 0", "size 1 of its images"},
    {"width 0", 0x803, COUNT, HEIGHT, 0, 0, "size 2 of its images is 0", "size 2 of its images"},
    {"width -1", 0x803, COUNT, HEIGHT, UINT32_MAX, PIXELS, "size 2 of its images is 4294967295",
     "size 2 of its images is 4294967295"},
    {"count beyond the limit", 0x803, LARGE + 1, HEIGHT, WIDTH, PIXELS, "is 16777217", "16777217"},
    {"product beyond the limit", 0x803, COUNT, 1 << 14, 1 << 14, PIXELS, "more than 1073741824",
     "more than 1073741824 bytes"},
    {"product that wraps to 0", 0x803, LARGE, LARGE, LARGE, PIXELS, "more than 1073741824 bytes",
     "more than 1073741824 bytes"},
    {"product that wraps to the truth", 0x803, COUNT, 1 << 23, 1 << 23, PIXELS,
     "more than 1073741824 bytes", "more than 1073741824 bytes"},
    {"one byte short", 0x803, COUNT, HEIGHT, WIDTH, PIXELS - 1,
     "it has 75 bytes where its header makes 76", "it ends after 59 of the 60 bytes"},
    {"one byte long", 0x803, COUNT, HEIGHT, WIDTH, PIXELS + 1,
     "it has 77 bytes where its header makes 76", "goes on after the last of its elements"},
    {"no pixels", 0x803, COUNT, HEIGHT, WIDTH, 0, "it has 16 bytes where", "it ends after 0 of"},
    {"one image more", 0x803, COUNT + 1, HEIGHT, WIDTH, PIXELS + HEIGHT *WIDTH,
     "it has 6 images for 5 labels", "it has 6 images for 5 labels"},
    {"one image less", 0x803, COUNT - 1, HEIGHT, WIDTH, PIXELS - HEIGHT *WIDTH,
     "it has 4 images for 5 labels", "it has 4 images for 5 labels"},
    {"1 GiB that is not there", 0x803, COUNT, 1 << 13, 26214, PIXELS,
     "it has 76 bytes where its header makes 1073725456", "it ends after 60 of the 1073725440"},
};

typedef struct wrong_labels {
    const char *what;
    uint32_t magic, n;
    size_t payload;
    uint8_t labels[COUNT + 1];
    const char *plain, *gzip;
} wrong_labels;

static const wrong_labels labels_table[] = {
    {"images instead", 0x803, COUNT, COUNT, {0}, "begins with 0x00000803", "0x00000803, and IDX"},
    {"integers", 0xc01, COUNT, COUNT, {0}, "begins with 0x00000c01", "begins with 0x00000c01"},
    {"no labels", 0x801, 0, 0, {0}, "size 0 of its labels is 0", "size 0 of its labels is 0"},
    {"too many", 0x801, LARGE + 1, COUNT, {0}, "labels is 16777217", "labels is 16777217"},
    {"one short",
     0x801,
     COUNT,
     COUNT - 1,
     {0},
     "it has 12 bytes where its header makes 13",
     "it ends after 4 of the 5 bytes"},
    {"one long", 0x801, COUNT, COUNT + 1, {0}, "it has 14 bytes where", "goes on after the last"},
    {"a class too large",
     0x801,
     COUNT,
     COUNT,
     {3, 0, 4, 2, 0},
     "label 2 is 4, and there are 4 classes",
     "label 2 is 4, and there are 4 classes"},
    {"a label of 255", 0x801, COUNT, COUNT, {0, 0, 0, 0, 255}, "label 4 is 255", "label 4 is 255"},
};

static void wrong_images_are_refused(void)
{
    scratch_begin();
    for (size_t i = 0; i < sizeof images_table / sizeof *images_table; ++i) {
        const wrong_images *row = &images_table[i];
        write_good(false);
        write_bytes("images", make_images(row->magic, row->n, row->h, row->w, row->payload));
        expect_bad(row->what, "images", row->plain);
        write_bytes("images",
                    compress_gzip(make_images(row->magic, row->n, row->h, row->w, row->payload)));
        expect_bad(row->what, "images", row->gzip);
    }
    scratch_end();
}

static void wrong_labels_are_refused(void)
{
    scratch_begin();
    for (size_t i = 0; i < sizeof labels_table / sizeof *labels_table; ++i) {
        const wrong_labels *row = &labels_table[i];
        write_good(true);
        write_bytes("labels", make_labels(row->magic, row->n, row->labels, row->payload));
        expect_bad(row->what, "labels", row->plain);
        write_bytes("labels",
                    compress_gzip(make_labels(row->magic, row->n, row->labels, row->payload)));
        expect_bad(row->what, "labels", row->gzip);
    }
    scratch_end();
}

/* ---- Damaged compression --------------------------------------------------------------------- */

/* A change to the bytes of a good gzip file. */
typedef struct damage {
    const char *what;
    int at; /* from the beginning, or from the end when negative */
    unsigned char flip;
    const char *piece;
} damage;

static const damage damages[] = {
    {"compression method", 2, 0xff, "its gzip data are damaged: unknown compression method"},
    {"reserved flags", 3, 0xe0, "its gzip data are damaged: unknown header flags"},
    {"an extra field that is not there", 3, 0x04, "its gzip data are"},
    {"block type", 10, 0x06, "its gzip data are damaged"},
    {"data", -20, 0x10, "its gzip data are"},
    {"checksum", -5, 0x01, "its gzip data are damaged: incorrect data check"},
    {"length in the trailer", -4, 0x01, "its gzip data are damaged: incorrect length check"},
    {"high length in the trailer", -1, 0x80, "its gzip data are damaged: incorrect length check"},
};

static void damaged_gzip_is_refused(void)
{
    scratch_begin();
    write_good(true);
    size_t size = 0;
    unsigned char *good = scratch_read("images", &size);
    for (size_t i = 0; good && i < sizeof damages / sizeof *damages; ++i) {
        const damage *d = &damages[i];
        unsigned char *byte = &good[d->at < 0 ? size - (size_t)-d->at : (size_t)d->at];
        *byte ^= d->flip;
        scratch_write("images", good, size);
        expect_bad(d->what, "images", d->piece);
        *byte ^= d->flip;
    }
    free(good);
    scratch_end();
}

/* What stands behind a complete gzip stream. */
static void bytes_after_gzip_are_refused(void)
{
    scratch_begin();
    write_good(true);
    bytes twice = {0};
    size_t size = 0;
    unsigned char *good = scratch_read("images", &size);
    append(&twice, good, size);
    append(&twice, "", 1);
    scratch_write("images", twice.data, twice.size);
    expect_bad("a zero at the end", "images", "bytes after the end of its gzip data");
    twice.size = size;
    append(&twice, good, size);
    scratch_write("images", twice.data, twice.size);
    expect_bad("a second stream", "images", "bytes after the end of its gzip data");
    free(twice.data);
    free(good);
    scratch_end();
}

/* A zlib stream is not a gzip file, nor is a gzip file inside another. */
static void other_compressions_are_refused(void)
{
    bytes plain = make_images(0x803, COUNT, HEIGHT, WIDTH, PIXELS);
    unsigned char packed[256];
    uLongf size = sizeof packed;
    scratch_begin();
    write_good(true);
    CHECK(compress(packed, &size, plain.data, (uLong)plain.size) == Z_OK, "compress");
    scratch_write("images", packed, size);
    expect_bad("zlib", "images", "begins with 0x789c");
    write_bytes("images", compress_gzip(compress_gzip(plain)));
    expect_bad("gzip in gzip", "images", "begins with 0x1f8b0800");
    scratch_end();
}

/* 256 MiB of zeros in 260 KB, behind a header that promises 60 bytes or 1 GiB. */
static void bombs_eat_no_memory(void)
{
    enum { MIB = 1 << 20 };
    scratch_begin();
    write_good(true);
    bytes bomb = make_bomb(make_images(0x803, COUNT, HEIGHT, WIDTH, 0), 256);
    CHECK(bomb.size < MIB, "the bomb has %zu bytes", bomb.size);
    scratch_write("images", bomb.data, bomb.size);
    long long before = peak_memory();
    expect_bad("bomb", "images", "goes on after the last of its elements");
    write_bytes("labels", bomb);
    expect_bad("bomb of labels", "labels", "begins with 0x00000803");
    CHECK(peak_memory() - before < 16 * MIB, "%lld bytes more than before", peak_memory() - before);
    scratch_end();
}

/* ---- Every cut, every bit -------------------------------------------------------------------- */

/* Reads what may or may not be good: it must be refused, or be the good pair. */
static clcnn_status try_read(void)
{
    clcnn_error error = {.message = ""};
    clcnn_images images = {0};
    clcnn_status status = clcnn_images_read_idx(scratch_path("images"), scratch_path("labels"),
                                                CLASSES, &images, &error);
    if (status == CLCNN_SUCCESS)
        CHECK(images.count == COUNT && images.pixels && images.labels, "%d images", images.count);
    else
        CHECK(status == CLCNN_BAD_FILE && !images.pixels && error.message[0] != '\0', "status %s",
              clcnn_status_name(status));
    clcnn_images_free(&images);
    return status;
}

static void cuts_are_refused(void)
{
    scratch_begin();
    for (int variant = 0; variant < 4; ++variant) {
        const char *name = variant % 2 ? "images" : "labels";
        size_t size = 0;
        write_good(variant / 2);
        unsigned char *good = scratch_read(name, &size);
        for (size_t length = 0; good && length < size; ++length) {
            scratch_write(name, good, length);
            CHECK(try_read() == CLCNN_BAD_FILE, "%s cut to %zu of %zu bytes", name, length, size);
        }
        free(good);
    }
    scratch_end();
}

/* A flipped bit may hit a pixel, a label or a date of gzip's, never more than that. */
static void flipped_bits_do_no_harm(void)
{
    scratch_begin();
    for (int variant = 0; variant < 4; ++variant) {
        const char *name = variant % 2 ? "images" : "labels";
        size_t size = 0, good = 0;
        write_good(variant / 2);
        unsigned char *data = scratch_read(name, &size);
        for (size_t bit = 0; data && bit < 8 * size; ++bit) {
            data[bit / 8] ^= (unsigned char)(1u << (bit % 8));
            scratch_write(name, data, size);
            good += try_read() == CLCNN_SUCCESS;
            data[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        }
        /* plain pixels: any bit; plain labels: those that stay below 4; gzip: date, OS, flags */
        size_t most = variant == 1 ? 8 * PIXELS : variant == 0 ? 2 * COUNT : 60;
        CHECK(good > 0 && good <= most, "%s: %zu of %zu flipped bits are taken, not up to %zu",
              name, good, 8 * size, most);
        free(data);
    }
    scratch_end();
}

/* ---- What is not a file, and arguments ------------------------------------------------------- */

static void strange_files_are_refused(void)
{
    scratch_begin();
    write_good(false);
    scratch_remove("images");
    expect_bad("missing", "images", "cannot open it: No such file or directory");
    CHECK(mkdir(scratch_path("images"), 0755) == 0, "%s", strerror(errno));
    expect_bad("folder", "images", "is a folder, not a regular file");
    scratch_remove("images");
    CHECK(mkfifo(scratch_path("images"), 0600) == 0, "%s", strerror(errno));
    expect_bad("pipe", "images", "is a device, pipe or socket");
    scratch_remove("images");
    CHECK(symlink("/dev/zero", scratch_path("images")) == 0, "%s", strerror(errno));
    expect_bad("device", "images", "is a device, pipe or socket");
    scratch_remove("images");
    /* a length that is true, but takes no room on disk */
    write_bytes("images", make_images(0x803, COUNT, 1 << 14, 1 << 14, 0));
    CHECK(truncate(scratch_path("images"), 16 + (off_t)COUNT * (1 << 28)) == 0, "%s",
          strerror(errno));
    expect_bad("sparse", "images", "more than 1073741824 bytes");
    scratch_remove("labels");
    scratch_write("labels", "", 0);
    expect_bad("empty", "labels", "it has 0 bytes, and the header of IDX labels alone has 8");
    scratch_end();
}

static void wrong_arguments_are_refused(void)
{
    clcnn_images images = {.count = 77};
    clcnn_error error;
    scratch_begin();
    write_good(false);
    const char *i = scratch_path("images"), *l = scratch_path("labels");
    const struct {
        const char *images, *labels;
        int classes;
        clcnn_images *out;
        const char *piece;
    } table[] = {{NULL, l, CLASSES, &images, "images_path is NULL"},
                 {i, NULL, CLASSES, &images, "labels_path is NULL"},
                 {i, l, CLASSES, NULL, "images is NULL"},
                 {i, l, 0, &images, "classes is 0, not 1 to 256"},
                 {i, l, -1, &images, "classes is -1"},
                 {i, l, 257, &images, "classes is 257"}};
    for (size_t k = 0; k < sizeof table / sizeof *table; ++k) {
        error.message[0] = '\0';
        clcnn_status status = clcnn_images_read_idx(table[k].images, table[k].labels,
                                                    table[k].classes, table[k].out, &error);
        CHECK(status == CLCNN_INVALID_ARGUMENT, "%s: status %s", table[k].piece,
              clcnn_status_name(status));
        CHECK(strstr(error.message, table[k].piece) != NULL, "\"%s\" is not in \"%s\"",
              table[k].piece, error.message);
        CHECK(images.count == 77, "images were touched");
    }
    CHECK(clcnn_images_read_idx(NULL, l, CLASSES, &images, NULL) == CLCNN_INVALID_ARGUMENT,
          "without an error");
    clcnn_images_free(NULL);
    scratch_end();
}

/* ---- Good files ------------------------------------------------------------------------------ */

static void good_files_are_read(void)
{
    scratch_begin();
    for (int gzip = 0; gzip < 2; ++gzip) {
        clcnn_images images = {0};
        clcnn_error error = {.message = ""};
        write_good(gzip);
        CHECK(clcnn_images_read_idx(scratch_path("images"), scratch_path("labels"), CLASSES,
                                    &images, &error) == CLCNN_SUCCESS,
              "%s", error.message);
        if (images.count)
            check_good(&images);
        clcnn_images_free(&images);
        CHECK(images.count == 0 && !images.pixels && !images.labels, "not empty after free");
    }
    scratch_end();
}

/* Large enough that memory has to grow several times, compressed and not. */
static void large_files_are_read(void)
{
    enum { SIDE = 1200, BYTES = COUNT * SIDE * SIDE };
    scratch_begin();
    for (int gzip = 0; gzip < 2; ++gzip) {
        clcnn_images images = {0};
        clcnn_error error = {.message = ""};
        bytes b = make_images(0x803, COUNT, SIDE, SIDE, 0);
        unsigned char *data = malloc(BYTES);
        for (int i = 0; data && i < BYTES; ++i)
            data[i] = (unsigned char)((unsigned)i * 2654435761u >> 24);
        append(&b, data, BYTES);
        write_good(gzip);
        write_bytes("images", gzip ? compress_gzip(b) : b);
        CHECK(clcnn_images_read_idx(scratch_path("images"), scratch_path("labels"), CLASSES,
                                    &images, &error) == CLCNN_SUCCESS,
              "%s", error.message);
        CHECK(images.pixels && memcmp(images.pixels, data, BYTES) == 0, "other pixels");
        clcnn_images_free(&images);
        free(data);
    }
    scratch_end();
}

static const harness_test tests[] = {
    {"wrong images are refused", wrong_images_are_refused},
    {"wrong labels are refused", wrong_labels_are_refused},
    {"damaged gzip is refused", damaged_gzip_is_refused},
    {"bytes after gzip are refused", bytes_after_gzip_are_refused},
    {"other compressions are refused", other_compressions_are_refused},
    {"bombs eat no memory", bombs_eat_no_memory},
    {"cuts are refused", cuts_are_refused},
    {"flipped bits do no harm", flipped_bits_do_no_harm},
    {"strange files are refused", strange_files_are_refused},
    {"wrong arguments are refused", wrong_arguments_are_refused},
    {"good files are read", good_files_are_read},
    {"large files are read", large_files_are_read},
    {NULL, NULL}};

int main(void)
{
    return harness_run("idx", tests);
}
