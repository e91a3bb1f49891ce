/*
 * CIFAR-10's binary files: damaged ones, plain and compressed, each with its own sentence; every
 * cut; labels that can't be; files that pretend to be large, and small ones that are. And folders
 * of them: all the ways in which a file can be missing, or there twice.
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

enum { PIXELS = 3 * 32 * 32, RECORD = 1 + PIXELS, FILES = 6, COUNT = 3, MIB = 1 << 20 };

static const char *const names[FILES] = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                         "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};

/* What record i of file `file` holds. */
static uint8_t label_of(int file, int i)
{
    return (uint8_t)((7 * file + i) % 10);
}

static uint8_t pixel_of(int file, int i, int p)
{
    return (uint8_t)((uint32_t)((file * 1000 + i) * PIXELS + p) * 2654435761u >> 24);
}

static bytes make_records(int file, int count)
{
    bytes b = {0};
    for (int i = 0; i < count; ++i) {
        unsigned char record[RECORD] = {label_of(file, i)};
        for (int p = 0; p < PIXELS; ++p)
            record[1 + p] = pixel_of(file, i, p);
        append(&b, record, sizeof record);
    }
    return b;
}

static void write_good(const char *name, int file, int count, bool gzip)
{
    bytes b = make_records(file, count);
    write_bytes(name, gzip ? compress_gzip(b) : b);
}

/* Images from `first` on are the `count` records of a file. */
static void check_records(const clcnn_images *images, int first, int file, int count)
{
    for (int i = 0; i < count; ++i) {
        const uint8_t *pixels = images->pixels + (size_t)(first + i) * PIXELS;
        int wrong = 0;
        for (int p = 0; p < PIXELS; ++p)
            wrong += pixels[p] != pixel_of(file, i, p);
        CHECK(wrong == 0, "file %d, record %d: %d pixels are others", file, i, wrong);
        CHECK(images->labels[first + i] == label_of(file, i), "file %d: label %d is %d", file, i,
              images->labels[first + i]);
    }
}

static void check_shape(const clcnn_images *images, int count)
{
    CHECK(images->count == count && images->c == 3 && images->h == 32 && images->w == 32 &&
              images->classes == 10,
          "%d images of %dx%dx%d, %d classes", images->count, images->c, images->h, images->w,
          images->classes);
}

/* Reads the files "0" to "count - 1". */
static clcnn_status read_files(int count, clcnn_images *images, clcnn_error *error)
{
    static const char *const all[] = {"0", "1", "2"};
    const char *paths[3];
    for (int i = 0; i < count; ++i)
        paths[i] = scratch_path(all[i]);
    return clcnn_images_read_cifar10(paths, count, images, error);
}

/* Reads "0" and "1", of which `file` must fail without a trace. */
static void expect_bad(const char *what, const char *file, const char *piece)
{
    clcnn_error error = {.message = ""};
    clcnn_images images, before;
    memset(&images, 0x5a, sizeof images);
    memcpy(&before, &images, sizeof images);
    int descriptors = scratch_descriptors();
    clcnn_status status = read_files(2, &images, &error);
    CHECK(status == CLCNN_BAD_FILE, "%s: status %s", what, clcnn_status_name(status));
    CHECK(memcmp(&images, &before, sizeof images) == 0, "%s: images were touched", what);
    CHECK(strstr(error.message, piece) != NULL, "%s: \"%s\" is not in \"%s\"", what, piece,
          error.message);
    CHECK(strstr(error.message, scratch_path(file)) != NULL, "%s: %s is not named in \"%s\"", what,
          file, error.message);
    CHECK(scratch_descriptors() == descriptors, "%s: descriptors stay open", what);
}

/* ---- Good files ------------------------------------------------------------------------------ */

static void good_files_are_read(void)
{
    scratch_begin();
    for (int variant = 0; variant < 4; ++variant) {
        clcnn_images images = {0};
        clcnn_error error = {.message = ""};
        write_good("0", 0, COUNT, variant & 1);
        write_good("1", 1, 1, variant & 2);
        if (CHECK(read_files(2, &images, &error) == CLCNN_SUCCESS, "%s", error.message)) {
            check_shape(&images, COUNT + 1);
            check_records(&images, 0, 0, COUNT);
            check_records(&images, COUNT, 1, 1);
        }
        clcnn_images_free(&images);
    }
    scratch_end();
}

/* More than is read at a time, and enough that memory has to grow several times. */
static void larger_files_are_read(void)
{
    scratch_begin();
    for (int count = 63; count <= 300; count += count < 66 ? 1 : 234)
        for (int gzip = 0; gzip < 2; ++gzip) {
            clcnn_images images = {0};
            clcnn_error error = {.message = ""};
            write_good("0", 0, count, gzip);
            write_good("1", 1, 2, !gzip);
            write_good("2", 2, count, gzip);
            if (CHECK(read_files(3, &images, &error) == CLCNN_SUCCESS, "%s", error.message)) {
                check_shape(&images, 2 * count + 2);
                check_records(&images, 0, 0, count);
                check_records(&images, count, 1, 2);
                check_records(&images, count + 2, 2, count);
            }
            clcnn_images_free(&images);
        }
    scratch_end();
}

/* ---- Wrong contents -------------------------------------------------------------------------- */

typedef struct wrong {
    const char *what;
    size_t size;
    int bad; /* the record with a label of its own, or -1 */
    uint8_t label;
    const char *plain, *gzip; /* pieces of the message */
} wrong;

static const wrong table[] = {
    {"nothing", 0, -1, 0, "it is empty", "it holds nothing, not one record"},
    {"a label alone", 1, -1, 0, "it has 1 bytes, which is no whole number of CIFAR-10's records",
     "it ends after 1 of the 3073 bytes of record 0"},
    {"one byte short", RECORD - 1, -1, 0, "it has 3072 bytes, which is no whole number",
     "it ends after 3072 of the 3073 bytes of record 0"},
    {"one byte long", 2 * RECORD + 1, -1, 0, "it has 6147 bytes",
     "it ends after 1 of the 3073 bytes of record 2"},
    {"half a record", 64 * RECORD + RECORD / 2, -1, 0, "it has 198208 bytes",
     "it ends after 1536 of the 3073 bytes of record 64"},
    {"the first label", 2 * RECORD, 0, 10, "label 0 is 10, and there are 10 classes",
     "label 0 is 10, and there are 10 classes"},
    {"the last label", 66 * RECORD, 65, 255, "label 65 is 255, and there are 10 classes",
     "label 65 is 255, and there are 10 classes"},
    {"a label like gzip's beginning", 2 * RECORD, 0, 0x1f, "label 0 is 31", "label 0 is 31"},
};

static void wrong_contents_are_refused(void)
{
    scratch_begin();
    for (size_t i = 0; i < sizeof table / sizeof *table; ++i)
        for (int variant = 0; variant < 4; ++variant) {
            const wrong *row = &table[i];
            const char *file = variant / 2 ? "1" : "0";
            bytes b = make_records(0, 67);
            b.size = row->size;
            if (row->bad >= 0)
                b.data[row->bad * RECORD] = row->label;
            write_good(variant / 2 ? "0" : "1", 1, 1, false);
            write_bytes(file, variant % 2 ? compress_gzip(b) : b);
            expect_bad(row->what, file, variant % 2 ? row->gzip : row->plain);
        }
    scratch_end();
}

static void cuts_are_refused(void)
{
    scratch_begin();
    write_good("1", 1, 1, false);
    for (int gzip = 0; gzip < 2; ++gzip) {
        size_t size = 0, step = 61;
        write_good("0", 0, 1, gzip);
        unsigned char *good = scratch_read("0", &size);
        for (size_t length = 0; good && length<size; length += size - length> 40 ? step : 1) {
            scratch_write("0", good, length);
            expect_bad("cut", "0",
                       !gzip && length ? "no whole number"
                       : length < 2    ? length ? "no whole number" : "it is empty"
                                       : "its gzip data are cut short");
        }
        free(good);
    }
    scratch_end();
}

/* A change to the bytes of a good gzip file. */
typedef struct damage {
    const char *what;
    int at; /* from the beginning, or from the end when negative */
    unsigned char flip;
    const char *piece;
} damage;

static const damage damages[] = {
    {"compression method", 2, 0xff, "its gzip data are damaged: unknown compression method"},
    {"block type", 10, 0x06, "its gzip data are damaged"},
    {"checksum", -5, 0x01, "its gzip data are damaged: incorrect data check"},
    {"length in the trailer", -4, 0x01, "its gzip data are damaged: incorrect length check"},
};

static void damaged_gzip_is_refused(void)
{
    size_t size = 0;
    scratch_begin();
    write_good("0", 0, COUNT, true);
    write_good("1", 1, 1, false);
    unsigned char *good = scratch_read("0", &size);
    for (size_t i = 0; good && i < sizeof damages / sizeof *damages; ++i) {
        const damage *d = &damages[i];
        unsigned char *byte = &good[d->at < 0 ? size - (size_t)-d->at : (size_t)d->at];
        *byte ^= d->flip;
        scratch_write("0", good, size);
        expect_bad(d->what, "0", d->piece);
        *byte ^= d->flip;
    }
    bytes twice = {0};
    append(&twice, good, size);
    append(&twice, good, size);
    write_bytes("0", twice);
    expect_bad("a second stream", "0", "bytes after the end of its gzip data");
    write_bytes("0", compress_gzip(compress_gzip(make_records(0, COUNT))));
    expect_bad("gzip in gzip", "0", "it ends after");
    free(good);
    scratch_end();
}

/* 1 GiB of zeros, which are 349,411 black aeroplanes, in 1 MB; and in no room at all. */
static void bombs_are_bounded(void)
{
    scratch_begin();
    write_good("1", 1, 1, false);
    write_bytes("0", make_bomb((bytes){0}, 1024));
    long long before = peak_memory();
    expect_bad("bomb", "0", "it has more than 65536 records");
    CHECK(peak_memory() - before < 800LL * MIB, "%lld bytes more than before",
          peak_memory() - before);
    before = peak_memory();
    write_bytes("0", (bytes){0});
    CHECK(truncate(scratch_path("0"), (off_t)65537 * RECORD) == 0, "%s", strerror(errno));
    expect_bad("sparse", "0", "it has 65537 records, more than 65536");
    CHECK(peak_memory() - before < 16 * MIB, "%lld bytes more than before", peak_memory() - before);
    scratch_end();
}

static void strange_files_are_refused(void)
{
    scratch_begin();
    write_good("1", 1, 1, false);
    expect_bad("missing", "0", "cannot open it: No such file or directory");
    CHECK(mkdir(scratch_path("0"), 0755) == 0, "%s", strerror(errno));
    expect_bad("folder", "0", "is a folder, not a regular file");
    scratch_remove("0");
    CHECK(mkfifo(scratch_path("0"), 0600) == 0, "%s", strerror(errno));
    expect_bad("pipe", "0", "is a device, pipe or socket");
    scratch_remove("0");
    CHECK(symlink("/dev/zero", scratch_path("0")) == 0, "%s", strerror(errno));
    expect_bad("device", "0", "is a device, pipe or socket");
    scratch_end();
}

/* ---- Folders --------------------------------------------------------------------------------- */

/* "data_batch_2.bin.gz" in the folder `place` ("" or with a slash). */
static const char *name_of(const char *place, int file, bool gzip)
{
    static char name[128];
    snprintf(name, sizeof name, "%s%s%s", place, names[file], gzip ? ".gz" : "");
    return name;
}

static void write_folder(const char *place, bool gzip)
{
    for (int i = 0; i < FILES; ++i)
        write_good(name_of(place, i, gzip), i, i < 5 ? 2 + i : 3, gzip);
}

static void remove_folder(const char *place, bool gzip)
{
    for (int i = 0; i < FILES; ++i)
        scratch_remove(name_of(place, i, gzip));
}

static void expect_good_folder(void)
{
    clcnn_dataset set = {.name = ""};
    clcnn_error error = {.message = ""};
    const char *path = scratch_path("");
    if (!CHECK(clcnn_dataset_open(path, &set, &error) == CLCNN_SUCCESS, "%s", error.message))
        return;
    CHECK(strcmp(set.name, path) == 0, "it is called %s", set.name);
    check_shape(&set.train, 2 + 3 + 4 + 5 + 6);
    check_shape(&set.test, 3);
    for (int i = 0, first = 0; i < 5; first += 2 + i, ++i)
        check_records(&set.train, first, i, 2 + i);
    check_records(&set.test, 0, 5, 3);
    clcnn_dataset_free(&set);
}

static void expect_bad_folder(const char *what, const char *piece)
{
    clcnn_error error = {.message = ""};
    clcnn_dataset set, before;
    memset(&set, 0x5a, sizeof set);
    memcpy(&before, &set, sizeof set);
    int descriptors = scratch_descriptors();
    clcnn_status status = clcnn_dataset_open(scratch_path(""), &set, &error);
    CHECK(status == CLCNN_BAD_FILE, "%s: status %s", what, clcnn_status_name(status));
    CHECK(memcmp(&set, &before, sizeof set) == 0, "%s: the set was touched", what);
    CHECK(strstr(error.message, piece) != NULL, "%s: \"%s\" is not in \"%s\"", what, piece,
          error.message);
    CHECK(scratch_descriptors() == descriptors, "%s: descriptors stay open", what);
}

#define INNER "cifar-10-batches-bin"

static void folders_are_read(void)
{
    scratch_begin();
    write_folder("", false);
    expect_good_folder();
    remove_folder("", false);
    CHECK(mkdir(scratch_path(INNER), 0755) == 0, "%s", strerror(errno));
    write_folder(INNER "/", false);
    expect_good_folder();
    scratch_remove(INNER "/data_batch_3.bin");
    write_good(INNER "/data_batch_3.bin.gz", 2, 4, true);
    expect_good_folder();
    scratch_remove(INNER "/data_batch_3.bin.gz");
    write_good(INNER "/data_batch_3.bin", 2, 4, false);
    remove_folder(INNER "/", false);
    write_folder("", true); /* an empty folder inside does no harm */
    expect_good_folder();
    scratch_end();
}

static void bad_folders_are_refused(void)
{
    char piece[128];
    scratch_begin();
    expect_bad_folder("an empty folder", "is no data set: it has no file train-images-idx3-ubyte "
                                         "(IDX) and no data_batch_1.bin (CIFAR-10)");
    for (int i = 0; i < FILES; ++i) {
        write_folder("", false);
        scratch_remove(names[i]);
        snprintf(piece, sizeof piece, "has no file %s, nor %s.gz (No such file", names[i],
                 names[i]);
        expect_bad_folder("a file is missing", piece);
        scratch_write(names[i], "", 0);
        snprintf(piece, sizeof piece, "/%s: it is empty", names[i]);
        expect_bad_folder("a file is empty", piece);
    }
    remove_folder("", false);
    CHECK(mkdir(scratch_path(INNER), 0755) == 0, "%s", strerror(errno));
    write_good(INNER "/test_batch.bin", 5, 3, false);
    expect_bad_folder("inside", "has no file " INNER "/data_batch_1.bin, nor data_batch_1.bin.gz");
    write_folder("", true);
    expect_bad_folder("twice", "files of two data sets: of CIFAR-10 (data_batch_1.bin) and of "
                               "CIFAR-10 (" INNER "/test_batch.bin)");
    scratch_remove(INNER "/test_batch.bin");
    expect_good_folder();
    scratch_write("t10k-labels-idx1-ubyte.gz", "", 0);
    expect_bad_folder("both", "files of two data sets: of IDX (t10k-labels-idx1-ubyte) and of "
                              "CIFAR-10 (data_batch_1.bin)");
    scratch_end();
}

static const harness_test tests[] = {{"good files are read", good_files_are_read},
                                     {"larger files are read", larger_files_are_read},
                                     {"wrong contents are refused", wrong_contents_are_refused},
                                     {"cuts are refused", cuts_are_refused},
                                     {"damaged gzip is refused", damaged_gzip_is_refused},
                                     {"bombs are bounded", bombs_are_bounded},
                                     {"strange files are refused", strange_files_are_refused},
                                     {"folders are read", folders_are_read},
                                     {"bad folders are refused", bad_folders_are_refused},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("cifar10", tests);
}
