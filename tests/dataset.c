/*
 * Data sets: folders of IDX files in all their variants, clcnn's own digits (the same bits
 * everywhere), and Fashion-MNIST, whose package scripts/test.sh installs.
 */
#include "clcnn_net.h"

#include "harness.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- Folders --------------------------------------------------------------------------------- */

static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/* Writes one of the four files, of 2x3 images, plain or compressed. The pixels are all `value`. */
static void write_file(int which, bool gzip, int count, int height, uint8_t value)
{
    unsigned char data[256] = {0, 0, 8, which % 2 ? 1 : 3, 0, 0, 0, (unsigned char)count};
    size_t size = 8 + (size_t)count;
    char name[64];
    memset(data + 8, value, sizeof data - 8);
    if (which % 2 == 0) {
        const unsigned char sides[8] = {0, 0, 0, (unsigned char)height, 0, 0, 0, 3};
        memcpy(data + 8, sides, sizeof sides);
        size = 16 + (size_t)(count * height * 3);
    }
    snprintf(name, sizeof name, "%s%s", names[which], gzip ? ".gz" : "");
    if (!gzip) {
        scratch_write(name, data, size);
        return;
    }
    gzFile file = gzopen(scratch_path(name), "wb");
    CHECK(file && gzwrite(file, data, (unsigned)size) == (int)size && gzclose(file) == Z_OK,
          "%s is not written", name);
}

static void write_folder(bool gzip)
{
    write_file(0, gzip, 4, 2, 10);
    write_file(1, gzip, 4, 2, 6);
    write_file(2, gzip, 2, 2, 20);
    write_file(3, gzip, 2, 2, 1);
}

static void expect_folder(int classes, uint8_t train_pixel, uint8_t test_pixel)
{
    clcnn_dataset set = {.name = ""};
    clcnn_error error = {.message = ""};
    const char *path = scratch_path("");
    clcnn_status status = clcnn_dataset_open(path, &set, &error);
    if (!CHECK(status == CLCNN_SUCCESS, "%s", error.message))
        return;
    CHECK(strcmp(set.name, path) == 0, "it is called %s", set.name);
    CHECK(set.train.count == 4 && set.test.count == 2 && set.train.c == 1 && set.train.h == 2 &&
              set.train.w == 3 && set.test.h == 2 && set.test.w == 3,
          "%d and %d images", set.train.count, set.test.count);
    CHECK(set.train.classes == classes && set.test.classes == classes, "%d and %d classes",
          set.train.classes, set.test.classes);
    CHECK(set.train.pixels[23] == train_pixel && set.test.pixels[11] == test_pixel, "pixels %d, %d",
          set.train.pixels[23], set.test.pixels[11]);
    clcnn_dataset_free(&set);
    CHECK(!set.train.pixels && !set.test.labels && !set.name[0], "not empty after free");
    clcnn_dataset_free(&set);
}

static void folders_are_read(void)
{
    scratch_begin();
    write_folder(true);
    expect_folder(7, 10, 20);
    /* one plain file beside its compressed twin is taken */
    write_file(0, false, 4, 2, 99);
    expect_folder(7, 99, 20);
    write_folder(false);
    expect_folder(7, 10, 20);
    /* the number of classes is what labels use, for training or for testing, and at least two */
    write_file(1, false, 4, 2, 255);
    expect_folder(256, 10, 20);
    write_file(1, false, 4, 2, 0);
    expect_folder(2, 10, 20);
    write_file(3, false, 2, 2, 8);
    expect_folder(9, 10, 20);
    scratch_end();
}

static void expect_bad(const char *what, const char *name, clcnn_status expected, const char *piece)
{
    clcnn_error error = {.message = ""};
    clcnn_dataset set, before;
    memset(&set, 0x5a, sizeof set);
    memcpy(&before, &set, sizeof set);
    int descriptors = scratch_descriptors();
    clcnn_status status = clcnn_dataset_open(name, &set, &error);
    CHECK(status == expected, "%s: status %s", what, clcnn_status_name(status));
    CHECK(memcmp(&set, &before, sizeof set) == 0, "%s: the set was touched", what);
    CHECK(strstr(error.message, piece) != NULL, "%s: \"%s\" is not in \"%s\"", what, piece,
          error.message);
    CHECK(scratch_descriptors() == descriptors, "%s: descriptors stay open", what);
}

static void bad_folders_are_refused(void)
{
    char piece[128], path[1024];
    scratch_begin();
    snprintf(path, sizeof path, "%s", scratch_path(""));
    expect_bad("empty folder", path, CLCNN_BAD_FILE,
               "it has no file train-images-idx3-ubyte (IDX)");
    for (int i = 0; i < 4; ++i) {
        write_folder(false);
        scratch_remove(names[i]);
        snprintf(piece, sizeof piece, "has no file %s, nor %s.gz", names[i], names[i]);
        expect_bad("a file is missing", path, CLCNN_BAD_FILE, piece);
        scratch_write(names[i], "", 0);
        expect_bad("a file is empty", path, CLCNN_BAD_FILE, names[i]);
    }
    write_folder(false);
    write_file(2, false, 2, 3, 20);
    expect_bad("another size", path, CLCNN_BAD_FILE,
               "its images are 3x3, and those for training are 2x3");
    write_folder(true);
    scratch_write(names[0], "x", 1); /* the plain one counts, even when it is bad */
    expect_bad("a bad plain file", path, CLCNN_BAD_FILE, "it has 1 bytes");
    scratch_end();
}

static void bad_names_are_refused(void)
{
    char name[300];
    clcnn_error error;
    memset(name, 'x', sizeof name);
    name[256] = '\0';
    scratch_begin();
    scratch_write("file", "", 0);
    expect_bad("unknown", "mnist", CLCNN_BAD_FILE,
               "there is no data set \"mnist\": it is neither fashion-mnist nor synthetic nor a "
               "folder");
    expect_bad("a file", scratch_path("file"), CLCNN_BAD_FILE, "Not a directory");
    expect_bad("empty", "", CLCNN_INVALID_ARGUMENT, "the name has 0 characters");
    expect_bad("long", name, CLCNN_INVALID_ARGUMENT, "the name has 256 characters, not 1 to 255");
    expect_bad("NULL", NULL, CLCNN_INVALID_ARGUMENT, "name is NULL");
    CHECK(clcnn_dataset_open("synthetic", NULL, &error) == CLCNN_INVALID_ARGUMENT, "no set");
    CHECK(clcnn_dataset_open("mnist", NULL, NULL) == CLCNN_INVALID_ARGUMENT, "without an error");
    clcnn_dataset_free(NULL);
    scratch_end();
}

/* ---- What the sets hold ---------------------------------------------------------------------- */

/* FNV-1a, over pixels and labels. */
static uint64_t checksum(const clcnn_images *images)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t pixels = (size_t)images->count * (size_t)(images->h * images->w);
    for (size_t i = 0; i < pixels; ++i)
        hash = (hash ^ images->pixels[i]) * UINT64_C(0x100000001b3);
    for (int i = 0; i < images->count; ++i)
        hash = (hash ^ images->labels[i]) * UINT64_C(0x100000001b3);
    return hash;
}

typedef struct expected {
    int count, least, most; /* images in all, and of a class */
    uint64_t checksum;
} expected;

static void check_images(const char *what, const clcnn_images *images, const expected *e)
{
    int histogram[256] = {0};
    CHECK(images->count == e->count && images->c == 1 && images->h == 28 && images->w == 28 &&
              images->classes == 10,
          "%s: %d images of %dx%dx%d, %d classes", what, images->count, images->c, images->h,
          images->w, images->classes);
    for (int i = 0; i < images->count; ++i)
        ++histogram[images->labels[i]];
    for (int i = 0; i < 256; ++i)
        CHECK(i < 10 ? histogram[i] >= e->least && histogram[i] <= e->most : histogram[i] == 0,
              "%s: %d images of class %d", what, histogram[i], i);
    CHECK(checksum(images) == e->checksum, "%s: checksum 0x%016llx, not 0x%016llx", what,
          (unsigned long long)checksum(images), (unsigned long long)e->checksum);
}

static void fashion_mnist_is_complete(void)
{
    static const expected train = {60000, 6000, 6000, UINT64_C(0x47041d1f3a1991fe)},
                          test = {10000, 1000, 1000, UINT64_C(0x7625417625bda6cf)};
    clcnn_dataset set = {.name = ""};
    clcnn_error error = {.message = ""};
    CHECK(clcnn_dataset_has_fashion_mnist() == 1,
          "Fashion-MNIST is not installed (Debian's package dataset-fashion-mnist)");
    if (!CHECK(clcnn_dataset_open("fashion-mnist", &set, &error) == CLCNN_SUCCESS, "%s",
               error.message))
        return;
    check_images("train", &set.train, &train);
    check_images("test", &set.test, &test);
    CHECK(strcmp(set.name, "fashion-mnist") == 0, "it is called %s", set.name);
    clcnn_dataset_free(&set);
}

/* Pixels far from any stroke are dark, digits have ink. */
static void check_ink(const clcnn_images *images)
{
    for (int i = 0; i < images->count; i += 7) {
        int sum = 0, brightest = 0;
        for (int j = 0; j < 28 * 28; ++j) {
            int value = images->pixels[i * 28 * 28 + j];
            sum += value;
            brightest = value > brightest ? value : brightest;
        }
        CHECK(brightest >= 90 && sum > 28 * 28 * 2 && sum < 28 * 28 * 90,
              "image %d: brightest %d, mean %d", i, brightest, sum / (28 * 28));
    }
}

static void synthetic_is_the_same_everywhere(void)
{
    static const expected train = {12000, 1100, 1300, UINT64_C(0x0c3d2425bbd8d7b0)},
                          test = {2000, 160, 240, UINT64_C(0xde9855043e978eb2)};
    clcnn_dataset set = {.name = ""}, again = {.name = ""};
    clcnn_error error = {.message = ""};
    if (!CHECK(clcnn_dataset_open("synthetic", &set, &error) == CLCNN_SUCCESS, "%s", error.message))
        return;
    check_images("train", &set.train, &train);
    check_images("test", &set.test, &test);
    check_ink(&set.train);
    CHECK(strcmp(set.name, "synthetic") == 0, "it is called %s", set.name);
    CHECK(clcnn_dataset_open("synthetic", &again, &error) == CLCNN_SUCCESS, "%s", error.message);
    CHECK(checksum(&again.test) == checksum(&set.test), "another set the second time");
    clcnn_dataset_free(&again);
    clcnn_dataset_free(&set);
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* No image is there twice, neither in one half nor in both. */
static void synthetic_images_are_all_different(void)
{
    enum { TRAIN = 12000, TEST = 2000 };
    static uint64_t hashes[TRAIN + TEST];
    clcnn_dataset set = {.name = ""};
    if (!CHECK(clcnn_dataset_open("synthetic", &set, NULL) == CLCNN_SUCCESS, "it does not open"))
        return;
    for (int i = 0; i < TRAIN + TEST; ++i) {
        clcnn_images *half = i < TRAIN ? &set.train : &set.test;
        int at = i < TRAIN ? i : i - TRAIN;
        clcnn_images one = *half;
        one.count = 1;
        one.pixels = half->pixels + (size_t)at * 28 * 28;
        one.labels = half->labels + at;
        hashes[i] = checksum(&one);
    }
    qsort(hashes, TRAIN + TEST, sizeof *hashes, by_hash);
    for (int i = 1; i < TRAIN + TEST; ++i)
        CHECK(hashes[i] != hashes[i - 1], "two images are the same");
    clcnn_dataset_free(&set);
}

/* The class whose mean image is nearest. */
static int nearest(const double mean[10][28 * 28], const uint8_t *pixels)
{
    int best = 0;
    double least = 0;
    for (int k = 0; k < 10; ++k) {
        double distance = 0;
        for (int j = 0; j < 28 * 28; ++j)
            distance += (pixels[j] - mean[k][j]) * (pixels[j] - mean[k][j]);
        if (k == 0 || distance < least) {
            best = k;
            least = distance;
        }
    }
    return best;
}

/* The digits can be told apart, but not by their mean images alone. */
static void synthetic_is_neither_trivial_nor_hopeless(void)
{
    static double mean[10][28 * 28];
    clcnn_dataset set = {.name = ""};
    int count[10] = {0}, right = 0;
    if (!CHECK(clcnn_dataset_open("synthetic", &set, NULL) == CLCNN_SUCCESS, "it does not open"))
        return;
    memset(mean, 0, sizeof mean);
    for (int i = 0; i < set.train.count; ++i)
        ++count[set.train.labels[i]];
    for (int i = 0; i < set.train.count; ++i)
        for (int j = 0; j < 28 * 28; ++j)
            mean[set.train.labels[i]][j] +=
                (double)set.train.pixels[i * 28 * 28 + j] / count[set.train.labels[i]];
    for (int i = 0; i < set.test.count; ++i)
        right += nearest(mean, set.test.pixels + (size_t)i * 28 * 28) == set.test.labels[i];
    CHECK(right > set.test.count / 3 && right < set.test.count * 9 / 10, "%d of %d are right",
          right, set.test.count);
    clcnn_dataset_free(&set);
}

static const harness_test tests[] = {
    {"folders are read", folders_are_read},
    {"bad folders are refused", bad_folders_are_refused},
    {"bad names are refused", bad_names_are_refused},
    {"Fashion-MNIST is complete", fashion_mnist_is_complete},
    {"synthetic is the same everywhere", synthetic_is_the_same_everywhere},
    {"synthetic images are all different", synthetic_images_are_all_different},
    {"synthetic is neither trivial nor hopeless", synthetic_is_neither_trivial_nor_hopeless},
    {NULL, NULL}};

int main(void)
{
    return harness_run("dataset", tests);
}
