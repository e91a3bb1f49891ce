/*
 * Safetensors: damaged files, each with its own sentence; every cut and every flipped bit of a good
 * one; what the writer refuses; and round trips.
 */
#include "safetensors.h"

#include "harness.h"
#include "scratch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opens a file that must be refused, and checks everything that goes with it. */
static void expect_bad(const char *what, const char *name, const char *piece)
{
    clcnn_error error = {.message = ""};
    clcnn__safetensors *st = (clcnn__safetensors *)&error; /* must become NULL */
    int before = scratch_descriptors();
    clcnn_status status = clcnn__safetensors_open(scratch_path(name), &st, &error);
    if (!CHECK(status == CLCNN_BAD_FILE, "%s: status %s, not CLCNN_BAD_FILE", what,
               clcnn_status_name(status))) {
        clcnn__safetensors_close(st);
        return;
    }
    CHECK(st == NULL, "%s: there is a result", what);
    CHECK(error.status == status, "%s: the error has status %d", what, (int)error.status);
    CHECK(strstr(error.message, piece) != NULL, "%s: \"%s\" is not in \"%s\"", what, piece,
          error.message);
    CHECK(strstr(error.message, name) != NULL, "%s: the file is not named in \"%s\"", what,
          error.message);
    CHECK(scratch_descriptors() == before, "%s: %d descriptors open, %d before", what,
          scratch_descriptors(), before);
}

/* ---- Damaged files --------------------------------------------------------------------------- */

/* A file: the length of the header (the true one if 0), the header, and bytes of data. */
typedef struct damaged {
    const char *what;
    const char *header;
    size_t data;
    const char *piece; /* of the message */
    uint64_t length;
    size_t header_size; /* of a header with zero bytes in it; else its strlen */
} damaged;

#define TENSOR(name, shape, begin, end)                                                            \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"
#define FIELDS(dtype, shape, offsets)                                                              \
    "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define BAD(what_, header_, data_, piece_)                                                         \
    {                                                                                              \
        .what = what_, .header = header_, .data = data_, .piece = piece_                           \
    }
#define NAME128                                                                                    \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const damaged damaged_files[] = {
    /* the length of the header */
    {"header longer than the file", "{}", 0, "3 bytes long by its own account, but 2 bytes", 3, 0},
    {"absurd header", "{}", 0, "header is 18446744073709551615 bytes", UINT64_MAX, 0},
    {"length that overflows when 8 are added", "{}", 0, "18446744073709551608", UINT64_MAX - 7, 0},
    {"header of one byte", "{}", 0, "its header is 1 bytes long", 1, 0},
    {"header beyond the cap", "{}", 2 << 20, "not 2 to 1048576", (1 << 20) + 1, 0},
    {"length in big-endian", "{}      ", 0, "by its own account", UINT64_C(8) << 56, 0},
    /* JSON */
    BAD("a list", "[]", 0, "begins with byte 0x5b"),
    BAD("space before {", " {}", 0, "begins with byte 0x20"),
    BAD("byte order mark", "\xef\xbb\xbf{}", 0, "begins with byte 0xef"),
    BAD("nothing but spaces", "    ", 0, "begins with byte 0x20"),
    BAD("new line at the end", "{}\n", 0, "ends with byte 0x0a"),
    {"zero at the end", "{}\0", 0, "ends with byte 0x00", 0, 3},
    {"zero inside", "{\0}", 0, "not valid JSON", 0, 3},
    BAD("two objects", "{}{}", 0, "not valid JSON"),
    BAD("comma at the end", "{" TENSOR("a", "[1]", 0, 4) ",}", 4, "not valid JSON"),
    BAD("cut JSON", "{\"a\":{\"dtype\":\"F32\"}", 0, "not valid JSON"),
    BAD("comment", "{/* */}", 0, "not valid JSON"),
    BAD("single quotes", "{'a':1}", 0, "not valid JSON"),
    BAD("invalid UTF-8", "{\"\xff\xfe\":1}", 0, "not valid JSON"),
    BAD("cut surrogate", "{\"\\ud800\":1}", 0, "not valid JSON"),
    BAD("integer too large", FIELDS("\"F32\"", "[1]", "[0,99999999999999999999]"), 4,
        "not valid JSON"),
    BAD("NaN", FIELDS("\"F32\"", "[NaN]", "[0,4]"), 4, "not valid JSON"),
    /* keys twice */
    BAD("two tensors of one name", "{" TENSOR("a", "[1]", 0, 4) "," TENSOR("a", "[1]", 4, 8) "}", 8,
        "the same key twice"),
    BAD("the same name, escaped",
        "{" TENSOR("a", "[1]", 0, 4) "," TENSOR("\\u0061", "[1]", 4, 8) "}", 8,
        "the same key twice"),
    BAD("metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "the same key twice"),
    BAD("a metadata key twice", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0,
        "the same key twice"),
    BAD("a field twice",
        "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
        "the same key twice"),
    /* metadata */
    BAD("metadata that are a list", "{\"__metadata__\":[]}", 0, "__metadata__ is not an object"),
    BAD("metadata that are null", "{\"__metadata__\":null}", 0, "__metadata__ is not an object"),
    BAD("metadata that look like a tensor", "{" TENSOR("__metadata__", "[1]", 0, 4) "}", 4,
        "metadata of key \"shape\" are not a text"),
    BAD("a number in metadata", "{\"__metadata__\":{\"step\":3}}", 0,
        "key \"step\" are not a text"),
    BAD("an object in metadata", "{\"__metadata__\":{\"k\":{}}}", 0, "key \"k\" are not a text"),
    BAD("zero in a value", "{\"__metadata__\":{\"k\":\"a\\u0000b\"}}", 0, "not valid JSON"),
    BAD("empty metadata key", "{\"__metadata__\":{\"\":\"v\"}}", 0, "key \"\" is empty"),
    /* names */
    BAD("empty name", "{" TENSOR("", "[1]", 0, 4) "}", 4, "name \"\" is empty"),
    BAD("long name", "{" TENSOR(NAME128 "0", "[1]", 0, 4) "}", 4, "is longer than 128"),
    BAD("control character in a name", "{" TENSOR("a\\u001bb", "[1]", 0, 4) "}", 4,
        "name \"a?b\" has characters other"),
    BAD("letter that is not ASCII", "{" TENSOR("\xc3\xa4", "[1]", 0, 4) "}", 4,
        "has characters other than printable ASCII"),
    /* a tensor's fields */
    BAD("tensor that is a number", "{\"a\":1}", 0, "\"a\" is not described by an object"),
    BAD("no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "\"a\" has no dtype"),
    BAD("no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "\"a\" has no shape"),
    BAD("no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "\"a\" has no data_offsets"),
    BAD("one field more",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"strides\":[1]}}", 4,
        "\"a\" has 4 fields"),
    BAD("dtype F16", FIELDS("\"F16\"", "[1]", "[0,2]"), 2, "\"a\" has dtype \"F16\""),
    BAD("dtype in small letters", FIELDS("\"f32\"", "[1]", "[0,4]"), 4, "has dtype \"f32\""),
    BAD("dtype longer than the real one", FIELDS("\"F32 \"", "[1]", "[0,4]"), 4,
        "has dtype \"F32 \""),
    BAD("dtype that is a number", FIELDS("32", "[1]", "[0,4]"), 4, "has no dtype that is a text"),
    BAD("shape that is a number", FIELDS("\"F32\"", "1", "[0,4]"), 4,
        "has no shape that is a list"),
    BAD("shape of a real", FIELDS("\"F32\"", "[1.0]", "[0,4]"), 4,
        "size 0 of its shape is not an int"),
    BAD("shape of a text", FIELDS("\"F32\"", "[\"1\"]", "[0,4]"), 4, "is not an integer"),
    BAD("shape of true", FIELDS("\"F32\"", "[1,true]", "[0,4]"), 4,
        "size 1 of its shape is not an"),
    BAD("negative size", FIELDS("\"F32\"", "[-1]", "[0,4]"), 4, "size 0 of its shape is -1"),
    BAD("size 0", FIELDS("\"F32\"", "[2,0]", "[0,0]"), 0, "size 1 of its shape is 0"),
    BAD("rank 9", FIELDS("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, "has 9 dimensions"),
    BAD("product that wraps to 1", FIELDS("\"U8\"", "[4294967297,4294967295,8589934593]", "[0,1]"),
        1, "more elements by its shape than the file has bytes"),
    BAD("product that wraps to 0", FIELDS("\"F32\"", "[4294967296,4294967296]", "[0,4]"), 4,
        "more elements by its shape"),
    BAD("bytes that wrap to 0", FIELDS("\"F32\"", "[4611686018427387904]", "[0,4]"), 4,
        "more elements by its shape"),
    BAD("largest size", FIELDS("\"U8\"", "[9223372036854775807]", "[0,1]"), 1, "more elements"),
    /* a tensor's offsets */
    BAD("offsets that are an object", FIELDS("\"F32\"", "[1]", "{}"), 4, "are a list of two"),
    BAD("one offset", FIELDS("\"F32\"", "[1]", "[4]"), 4, "are a list of two"),
    BAD("three offsets", FIELDS("\"F32\"", "[1]", "[0,2,4]"), 4, "are a list of two"),
    BAD("real offset", FIELDS("\"F32\"", "[1]", "[0,4e0]"), 4, "data_offsets are not integers"),
    BAD("negative offset", FIELDS("\"F32\"", "[1]", "[-4,0]"), 4, "data_offsets have -4"),
    BAD("end before begin", FIELDS("\"F32\"", "[1]", "[4,0]"), 4,
        "ends at 0, before it begins at 4"),
    BAD("end beyond the file", FIELDS("\"F32\"", "[2]", "[0,8]"), 4,
        "ends at 8, but there are 4 bytes of data"),
    BAD("largest end", FIELDS("\"F32\"", "[1]", "[0,9223372036854775807]"), 4,
        "ends at 9223372036854775807"),
    BAD("fewer bytes than the shape", FIELDS("\"F32\"", "[2]", "[0,4]"), 4,
        "has 4 bytes of data where its shape and dtype make 8"),
    BAD("more bytes than the shape", FIELDS("\"F32\"", "[1]", "[0,8]"), 8,
        "has 8 bytes of data where"),
    BAD("bytes of another dtype", FIELDS("\"F64\"", "[1]", "[0,4]"), 4, "make 8"),
    BAD("number without bytes", FIELDS("\"F32\"", "[]", "[0,0]"), 0, "has 0 bytes of data"),
    /* all tensors together */
    BAD("overlap", "{" TENSOR("a", "[2]", 0, 8) "," TENSOR("b", "[2]", 4, 12) "}", 12,
        "\"b\" begins at 4, inside tensor \"a\", which ends at 8"),
    BAD("the same bytes twice", "{" TENSOR("b", "[1]", 0, 4) "," TENSOR("a", "[1]", 0, 4) "}", 4,
        "\"b\" begins at 0, inside tensor \"a\""),
    BAD("one inside another", "{" TENSOR("a", "[3]", 0, 12) "," TENSOR("b", "[1]", 4, 8) "}", 12,
        "\"b\" begins at 4, inside tensor \"a\""),
    BAD("hole at the beginning", "{" TENSOR("a", "[1]", 4, 8) "}", 8,
        "the 4 bytes before tensor \"a\" belong to no tensor"),
    BAD("hole in the middle", "{" TENSOR("a", "[1]", 0, 4) "," TENSOR("b", "[1]", 12, 16) "}", 16,
        "the 8 bytes before tensor \"b\""),
    BAD("bytes at the end", "{" TENSOR("a", "[1]", 0, 4) "}", 7,
        "the last 3 bytes belong to no tensor"),
    BAD("data without tensors", "{}", 1, "the last 1 bytes belong to no tensor"),
};
enum { DAMAGED_COUNT = sizeof damaged_files / sizeof *damaged_files };

/* 8 bytes of length, the header, `data` bytes counting up. To be freed. */
static unsigned char *compose(uint64_t length, const char *header, size_t header_size, size_t data,
                              size_t *size)
{
    *size = 8 + header_size + data;
    unsigned char *bytes = malloc(*size);
    for (int i = 0; bytes && i < 8; ++i)
        bytes[i] = (unsigned char)(length >> (8 * i));
    if (bytes)
        memcpy(bytes + 8, header, header_size);
    for (size_t i = 0; bytes && i < data; ++i)
        bytes[8 + header_size + i] = (unsigned char)i;
    return bytes;
}

static void write_damaged(const damaged *d, const char *name)
{
    size_t header = d->header_size ? d->header_size : strlen(d->header), size;
    unsigned char *bytes =
        compose(d->length ? d->length : header, d->header, header, d->data, &size);
    if (CHECK(bytes != NULL, "no memory"))
        scratch_write(name, bytes, size);
    free(bytes);
}

static void damaged_are_refused(void)
{
    scratch_begin();
    for (int i = 0; i < DAMAGED_COUNT; ++i) {
        const damaged *d = &damaged_files[i];
        struct stat before, after;
        write_damaged(d, "bad.safetensors");
        CHECK(stat(scratch_path("bad.safetensors"), &before) == 0, "%s", strerror(errno));
        expect_bad(d->what, "bad.safetensors", d->piece);
        CHECK(stat(scratch_path("bad.safetensors"), &after) == 0 &&
                  after.st_size == before.st_size && after.st_mtime == before.st_mtime,
              "%s: the file was changed", d->what);
    }
    scratch_end();
}

/* Lists nested deeper than any reader should follow. */
static void deep_header_is_refused(void)
{
    enum { DEPTH = 400000 };
    char *header = malloc(DEPTH + 8);
    scratch_begin();
    if (CHECK(header != NULL, "no memory")) {
        memcpy(header, "{\"a\":", 5);
        memset(header + 5, '[', DEPTH);
        memcpy(header + 5 + DEPTH, "}", 2);
        const damaged d = {"nested lists", header, 0, "", 0, 0};
        write_damaged(&d, "deep.safetensors");
        expect_bad("nested lists", "deep.safetensors", "not valid JSON");
    }
    free(header);
    scratch_end();
}

/* What is not a file at all, or has an absurd size. */
static void strange_files_are_refused(void)
{
    scratch_begin();
    expect_bad("missing", "missing.safetensors", "No such file");
    scratch_write("empty", "", 0);
    expect_bad("empty", "empty", "it is 0 bytes long, and the shortest");
    scratch_write("nine", "\2\0\0\0\0\0\0\0{", 9);
    expect_bad("nine bytes", "nine", "it is 9 bytes long");
    CHECK(mkdir(scratch_path("folder"), 0755) == 0, "%s", strerror(errno));
    expect_bad("folder", "folder", "is a folder, not a regular file");
    CHECK(mkfifo(scratch_path("pipe"), 0600) == 0, "%s", strerror(errno));
    expect_bad("pipe", "pipe", "not a regular file");
    /* 1 TiB that takes no room on disk, and a header that fits it */
    const char header[] = FIELDS("\"U8\"", "[1099511627776]", "[0,1099511627776]");
    const damaged d = {"sparse", header, 0, "", 0, 0};
    write_damaged(&d, "sparse");
    off_t size = (off_t)(8 + strlen(header) + (UINT64_C(1) << 40));
    if (CHECK(truncate(scratch_path("sparse"), size) == 0, "%s", strerror(errno)))
        expect_bad("1 TiB", "sparse", "more than the 4294967296 that are read");
    clcnn_error error;
    clcnn__safetensors *st = NULL;
    CHECK(clcnn__safetensors_open("/dev/zero", &st, &error) == CLCNN_BAD_FILE && !st, "/dev/zero");
    CHECK(clcnn__safetensors_open(NULL, &st, &error) == CLCNN_INVALID_ARGUMENT && !st, "NULL");
    CHECK(clcnn__safetensors_open(scratch_path("missing"), &st, NULL) == CLCNN_BAD_FILE,
          "without an error");
    scratch_end();
}

/* ---- Every cut, every bit -------------------------------------------------------------------- */

static const char good_header[] = "{\"__metadata__\":{\"op\":\"x\"}," TENSOR(
    "a", "[2,1]", 0, 8) "," //
                        "\"b\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[8,9]}}   ";

/* Opens what may or may not be good: it must be one of the two, and close. */
static clcnn_status try_open(const char *name)
{
    clcnn_error error = {.message = ""};
    clcnn__safetensors *st = NULL;
    clcnn_status status = clcnn__safetensors_open(scratch_path(name), &st, &error);
    CHECK((status == CLCNN_SUCCESS && st) ||
              (status == CLCNN_BAD_FILE && !st && error.message[0] != '\0'),
          "status %s", clcnn_status_name(status));
    clcnn__safetensors_close(st);
    return status;
}

static void cuts_are_refused(void)
{
    size_t size;
    unsigned char *bytes = compose(strlen(good_header), good_header, strlen(good_header), 9, &size);
    scratch_begin();
    scratch_write("cut", bytes, size);
    CHECK(try_open("cut") == CLCNN_SUCCESS, "the whole file is good");
    for (size_t length = 0; length < size; ++length) {
        scratch_write("cut", bytes, length);
        CHECK(try_open("cut") == CLCNN_BAD_FILE, "cut to %zu of %zu bytes", length, size);
    }
    free(bytes);
    scratch_end();
}

/* A flipped bit in the header may leave a good file (in a name or in metadata), never a crash. */
static void flipped_bits_do_no_harm(void)
{
    size_t size, good = 0, bits;
    unsigned char *bytes = compose(strlen(good_header), good_header, strlen(good_header), 9, &size);
    scratch_begin();
    bits = 8 * (8 + strlen(good_header));
    for (size_t bit = 0; bit < bits; ++bit) {
        bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        scratch_write("flip", bytes, size);
        good += try_open("flip") == CLCNN_SUCCESS;
        bytes[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    }
    CHECK(good > 10 && good < bits / 8, "%zu of %zu flipped bits make a good file", good, bits);
    free(bytes);
    scratch_end();
}

/* ---- Writing --------------------------------------------------------------------------------- */

static const float some[4] = {1, -0.5f, 3e-40f, INFINITY};
#define GOOD(tensor_name)                                                                          \
    {                                                                                              \
        .name = tensor_name, .dtype = CLCNN__F32, .rank = 1, .shape = {4}, .data = some            \
    }

typedef struct refused {
    const char *what;
    clcnn__safetensors_tensor tensors[2];
    clcnn__safetensors_meta meta[2];
    size_t tensor_count, meta_count;
    const char *piece;
} refused;

static const refused refused_files[] = {
    {"no name", {GOOD(NULL)}, {{0}}, 1, 0, "is NULL"},
    {"empty name", {GOOD("")}, {{0}}, 1, 0, "is empty"},
    {"long name", {GOOD(NAME128 "x")}, {{0}}, 1, 0, "is longer than 128"},
    {"strange name", {GOOD("a\nb")}, {{0}}, 1, 0, "\"a?b\" has characters other"},
    {"reserved name", {GOOD("__metadata__")}, {{0}}, 1, 0, "is the one that metadata have"},
    {"a name twice", {GOOD("a"), GOOD("a")}, {{0}}, 2, 0, "two tensors of the name \"a\""},
    {"unknown dtype",
     {{.name = "a", .dtype = (clcnn__dtype)5, .rank = 0, .data = some}},
     {{0}},
     1,
     0,
     "unknown dtype 5"},
    {"rank 9", {{.name = "a", .rank = 9, .data = some}}, {{0}}, 1, 0, "rank 9, not 0 to 8"},
    {"rank -1", {{.name = "a", .rank = -1, .data = some}}, {{0}}, 1, 0, "rank -1"},
    {"size 0", {{.name = "a", .rank = 2, .shape = {3, 0}, .data = some}}, {{0}}, 1, 0, "is 0"},
    {"overflow",
     {{.name = "a", .rank = 2, .shape = {SIZE_MAX / 2 + 1, 4}, .data = some}},
     {{0}},
     1,
     0,
     "is longer than 4294967296 bytes"},
    {"no data", {{.name = "a", .rank = 1, .shape = {1}}}, {{0}}, 1, 0, "has no data"},
    {"no key", {GOOD("a")}, {{NULL, "v"}}, 1, 1, "is empty"},
    {"strange key", {GOOD("a")}, {{"\x7f", "v"}}, 1, 1, "has characters other"},
    {"a key twice", {GOOD("a")}, {{"k", "1"}, {"k", "2"}}, 1, 2, "two metadata of the key \"k\""},
    {"no value", {GOOD("a")}, {{"k", NULL}}, 1, 1, "are NULL"},
    {"value that is not UTF-8", {GOOD("a")}, {{"k", "\xff"}}, 1, 1, "are not UTF-8"},
};
enum { REFUSED_COUNT = sizeof refused_files / sizeof *refused_files };

static void writer_refuses(void)
{
    scratch_begin();
    scratch_write("old", "old contents", 12);
    for (int i = 0; i < REFUSED_COUNT; ++i) {
        const refused *r = &refused_files[i];
        clcnn_error error = {.message = ""};
        clcnn_status status = clcnn__safetensors_write(
            scratch_path("old"), r->tensors, r->tensor_count, r->meta, r->meta_count, &error);
        CHECK(status == CLCNN_INVALID_ARGUMENT, "%s: status %s", r->what,
              clcnn_status_name(status));
        CHECK(strstr(error.message, r->piece) != NULL, "%s: \"%s\" is not in \"%s\"", r->what,
              r->piece, error.message);
        CHECK(scratch_equals("old", "old contents", 12), "%s: the old file was changed", r->what);
        CHECK(scratch_count() == 1, "%s: %d files are there", r->what, scratch_count());
    }
    scratch_end();
}

static void writer_refuses_null_and_long_headers(void)
{
    clcnn__safetensors_tensor tensor = GOOD("a");
    clcnn__safetensors_meta meta = {"k", NULL};
    clcnn_error error;
    scratch_begin();
    CHECK(clcnn__safetensors_write(NULL, &tensor, 1, NULL, 0, &error) == CLCNN_INVALID_ARGUMENT,
          "no path");
    CHECK(clcnn__safetensors_write(scratch_path("x"), NULL, 1, NULL, 0, &error) ==
              CLCNN_INVALID_ARGUMENT,
          "no tensors");
    CHECK(clcnn__safetensors_write(scratch_path("x"), &tensor, 1, NULL, 1, &error) ==
              CLCNN_INVALID_ARGUMENT,
          "no metadata");
    enum { LONG = 1 << 20 };
    char *text = malloc(LONG + 1);
    if (CHECK(text != NULL, "no memory")) {
        memset(text, 'x', LONG);
        text[LONG] = '\0';
        meta.value = text;
        clcnn_status status =
            clcnn__safetensors_write(scratch_path("x"), &tensor, 1, &meta, 1, &error);
        CHECK(status == CLCNN_INVALID_ARGUMENT && strstr(error.message, "more than 1048576"),
              "long header: %s: %s", clcnn_status_name(status), error.message);
    }
    free(text);
    CHECK(scratch_count() == 0, "%d files are there", scratch_count());
    scratch_end();
}

/* The bytes of a small file, written out: the format that Python reads. */
static void bytes_are_pinned(void)
{
    static const uint8_t three[3] = {7, 8, 9};
    static const int64_t label = -2;
    const clcnn__safetensors_tensor tensors[] = {
        {.name = "n", .dtype = CLCNN__I64, .rank = 0, .data = &label},
        {.name = "u", .dtype = CLCNN__U8, .rank = 2, .shape = {3, 1}, .data = three}};
    const clcnn__safetensors_meta meta[] = {{"op", "dense"}};
    static const char expected[] =
        "\x90\0\0\0\0\0\0\0"
        "{\"__metadata__\":{\"op\":\"dense\"},"
        "\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"u\":{\"dtype\":\"U8\",\"shape\":[3,1],\"data_offsets\":[8,11]}}"
        "      " /* spaces up to a multiple of 8 */
        "\xfe\xff\xff\xff\xff\xff\xff\xff"
        "\x07\x08\x09";
    clcnn_error error = {.message = ""};
    scratch_begin();
    for (int i = 0; i < 2; ++i) {
        CHECK(clcnn__safetensors_write(scratch_path("file"), tensors, 2, meta, 1, &error) ==
                  CLCNN_SUCCESS,
              "%s", error.message);
        CHECK(scratch_equals("file", expected, sizeof expected - 1), "other bytes than expected");
    }
    CHECK(scratch_count() == 1, "%d files are there", scratch_count());
    scratch_end();
}

/* ---- Round trips ----------------------------------------------------------------------------- */

static void check_same_tensor(const clcnn__safetensors_tensor *got,
                              const clcnn__safetensors_tensor *put)
{
    size_t count = 1;
    for (int i = 0; i < put->rank; ++i)
        count *= put->shape[i];
    if (!CHECK(got != NULL, "%s is not there", put->name))
        return;
    CHECK(!strcmp(got->name, put->name) && got->dtype == put->dtype && got->rank == put->rank,
          "%s: read as %s, %s, rank %d", put->name, got->name, clcnn__dtype_name(got->dtype),
          got->rank);
    CHECK(!memcmp(got->shape, put->shape, sizeof(size_t) * (size_t)put->rank), "%s: shape",
          put->name);
    CHECK(got->count == count, "%s: %zu elements, not %zu", put->name, got->count, count);
    CHECK(!memcmp(got->data, put->data, count * clcnn__dtype_size(put->dtype)), "%s: data",
          put->name);
    CHECK((uintptr_t)got->data % 8 == 0, "%s: not aligned", put->name);
}

static void check_round_trip(const clcnn__safetensors_tensor *tensors, size_t tensor_count,
                             const clcnn__safetensors_meta *meta, size_t meta_count)
{
    clcnn_error error = {.message = ""};
    clcnn__safetensors *st = NULL;
    clcnn_status status = clcnn__safetensors_write(scratch_path("trip"), tensors, tensor_count,
                                                   meta, meta_count, &error);
    CHECK(status == CLCNN_SUCCESS, "write: %s", error.message);
    status = clcnn__safetensors_open(scratch_path("trip"), &st, &error);
    if (!CHECK(status == CLCNN_SUCCESS, "read: %s", error.message))
        return;
    CHECK(clcnn__safetensors_count(st) == tensor_count, "%zu tensors",
          clcnn__safetensors_count(st));
    CHECK(clcnn__safetensors_meta_count(st) == meta_count, "%zu metadata",
          clcnn__safetensors_meta_count(st));
    for (size_t i = 0; i < tensor_count; ++i) {
        check_same_tensor(clcnn__safetensors_at(st, i), &tensors[i]);
        check_same_tensor(clcnn__safetensors_find(st, tensors[i].name), &tensors[i]);
    }
    for (size_t i = 0; i < meta_count; ++i) {
        const clcnn__safetensors_meta *got = clcnn__safetensors_meta_at(st, i);
        const char *value = clcnn__safetensors_metadata(st, meta[i].key);
        CHECK(!strcmp(got->key, meta[i].key) && !strcmp(got->value, meta[i].value), "metadata %s",
              meta[i].key);
        CHECK(value && !strcmp(value, meta[i].value), "metadata %s by key", meta[i].key);
    }
    CHECK(!clcnn__safetensors_find(st, "no such name"), "a tensor that is not there");
    CHECK(!clcnn__safetensors_metadata(st, "no such key"), "metadata that are not there");
    CHECK(!clcnn__safetensors_at(st, tensor_count), "a tensor past the end");
    CHECK(!clcnn__safetensors_meta_at(st, meta_count), "metadata past the end");
    clcnn__safetensors_close(st);
}

static void round_trips(void)
{
    static const uint8_t bytes[5] = {0, 255, 1, 2, 3};
    static const int32_t ints[2] = {INT32_MIN, INT32_MAX};
    static const int64_t longs[2] = {INT64_MIN, INT64_MAX};
    static const double doubles[3] = {-0.0, 1e-310, NAN};
    const clcnn__safetensors_tensor tensors[] = {
        {.name = "bytes", .dtype = CLCNN__U8, .rank = 1, .shape = {5}, .data = bytes},
        {.name = "z \"\\/", .dtype = CLCNN__F64, .rank = 1, .shape = {3}, .data = doubles},
        {.name = NAME128, .dtype = CLCNN__F32, .rank = 4, .shape = {1, 2, 1, 2}, .data = some},
        {.name = "a", .dtype = CLCNN__I32, .rank = 1, .shape = {2}, .data = ints},
        {.name = "0.weight",
         .dtype = CLCNN__I64,
         .rank = 8,
         .shape = {1, 1, 1, 1, 1, 1, 1, 2},
         .data = longs},
        {.name = "number", .dtype = CLCNN__F32, .rank = 0, .data = some + 1}};
    const clcnn__safetensors_meta meta[] = {
        {"net", "conv 6 5x5 pad 2, relu"}, {"a", ""}, {"text", "\"\\\n\t\xc3\xa4\xe2\x82\xac/"}};
    scratch_begin();
    check_round_trip(tensors, sizeof tensors / sizeof *tensors, meta, 3);
    check_round_trip(tensors, 1, NULL, 0);
    check_round_trip(NULL, 0, meta, 1);
    check_round_trip(NULL, 0, NULL, 0);
    CHECK(scratch_count() == 1, "%d files are there", scratch_count());
    scratch_end();
}

/* Many tensors, in a header near its limit. */
static void many_tensors(void)
{
    enum { COUNT = 9000 };
    clcnn__safetensors_tensor *tensors = calloc(COUNT, sizeof *tensors);
    char(*names)[16] = calloc(COUNT, sizeof *names);
    scratch_begin();
    if (CHECK(tensors && names, "no memory")) {
        for (int i = 0; i < COUNT; ++i) {
            snprintf(names[i], sizeof names[i], "t%d", i);
            tensors[i] = (clcnn__safetensors_tensor){
                .name = names[i], .dtype = CLCNN__F32, .rank = 1, .shape = {4}, .data = some};
        }
        check_round_trip(tensors, COUNT, NULL, 0);
    }
    free(tensors);
    free(names);
    scratch_end();
}

/* Data may lie in another order than the header names them. */
static void order_of_the_header_is_free(void)
{
    const damaged d = {"", "{" TENSOR("z", "[1]", 4, 8) "," TENSOR("a", "[1]", 0, 4) "}", 8, "", 0,
                       0};
    clcnn_error error = {.message = ""};
    clcnn__safetensors *st = NULL;
    scratch_begin();
    write_damaged(&d, "order");
    if (CHECK(clcnn__safetensors_open(scratch_path("order"), &st, &error) == CLCNN_SUCCESS, "%s",
              error.message)) {
        CHECK(!strcmp(clcnn__safetensors_at(st, 0)->name, "a"), "the first is %s",
              clcnn__safetensors_at(st, 0)->name);
        CHECK(*(const uint8_t *)clcnn__safetensors_find(st, "z")->data == 4, "data of z");
    }
    clcnn__safetensors_close(st);
    clcnn__safetensors_close(NULL);
    scratch_end();
}

static const harness_test tests[] = {
    {"damaged files are refused", damaged_are_refused},
    {"a deep header is refused", deep_header_is_refused},
    {"strange files are refused", strange_files_are_refused},
    {"cuts are refused", cuts_are_refused},
    {"flipped bits do no harm", flipped_bits_do_no_harm},
    {"what the writer refuses", writer_refuses},
    {"NULL and headers too long to write", writer_refuses_null_and_long_headers},
    {"bytes are pinned", bytes_are_pinned},
    {"round trips", round_trips},
    {"many tensors", many_tensors},
    {"the order of the header is free", order_of_the_header_is_free},
    {NULL, NULL}};

int main(void)
{
    return harness_run("safetensors", tests);
}
