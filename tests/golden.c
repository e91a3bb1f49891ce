/*
 * The golden files on every device: the true ones pass with every algorithm, how many are still
 * unsupported is pinned, and copies that were falsified in any way fail.
 */
#include "harness.h"
#include "scratch.h"

#include "check.h"
#include "safetensors.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Files -------------------------------------------------------------------------------------
 */

enum { MAX_FILES = 512, MAX_PATH = 512 };

static char files[MAX_FILES][MAX_PATH];
static int file_count;

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The short set: a small one or two of each operation. */
static bool is_short(const char *name)
{
    static const char *const names[] = {"activation_000",
                                        "activation_001",
                                        "adam_000",
                                        "batchnorm_003",
                                        "col2im_005",
                                        "conv2d_transpose_000",
                                        "dense_007",
                                        "layernorm_002",
                                        "maxpool2d_007",
                                        "pad2d_003",
                                        "rmsprop_000",
                                        "seed0_im2col",
                                        "seed2_maxpool2d",
                                        "seed4_avgpool2d",
                                        "seed4_conv2d",
                                        "sgd_000",
                                        "softmax_cross_entropy_001"};
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        found |= strncmp(name, names[i], strlen(names[i])) == 0;
    return found;
}

/* The golden files, in the order of their names. */
static void list_files(void)
{
    static const char folder[] = TESTS_DIR "/golden";
    static const char ending[] = ".safetensors";
    file_count = 0;
    DIR *dir = opendir(folder);
    if (!CHECK(dir != NULL, "%s can't be opened", folder))
        return;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        const size_t length = strlen(entry->d_name);
        if (harness_short() && !is_short(entry->d_name))
            continue;
        if (length > sizeof ending && file_count < MAX_FILES &&
            strcmp(entry->d_name + length - sizeof ending + 1, ending) == 0)
            snprintf(files[file_count++], MAX_PATH, "%s/%s", folder, entry->d_name);
    }
    closedir(dir);
    qsort(files, (size_t)file_count, sizeof files[0], by_name);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- Tallies -----------------------------------------------------------------------------------
 */

typedef struct tally {
    int count[CHECK_UNSUPPORTED + 1];
    int passed_by[8];   /* as in `algos` */
    char message[1024]; /* of the last line that did not pass */
} tally;

static const char *const algos[] = {"depthwise", "winograd", "dense", "point",
                                    "row",       "tile",     "gemm",  "direct"};
enum { ALGOS = sizeof algos / sizeof *algos };

static void count_line(const check_line *line, void *user)
{
    tally *t = user;
    t->count[line->verdict]++;
    if (line->verdict != CHECK_PASS)
        snprintf(t->message, sizeof t->message, "%s %s %s: %.800s", line->op, line->direction,
                 line->algo, line->message);
    for (int a = 0; line->verdict == CHECK_PASS && a < ALGOS; a++)
        t->passed_by[a] += strcmp(line->algo, algos[a]) == 0;
}

static tally run(const char *path, int device, const char *algo)
{
    tally t = {.message = ""};
    check_golden_run(path, harness_ctx(device), algo, count_line, &t);
    return t;
}

/* ---- The true ones -----------------------------------------------------------------------------
 */

/* What the files in the repository must come to. Change a number only with the reason at hand. */
typedef struct pin {
    int unsupported_files;
    int passed_by[ALGOS]; /* lines: file and direction */
} pin;
static const pin pin_all = {0, {18, 12, 18, 20, 52, 106, 106, 278}};
/* Its vectors are shorter than more rows: `row` has more of backward_weights. */
static const pin pin_rusticl = {0, {18, 12, 21, 20, 56, 106, 106, 278}};
static const pin pin_short = {0, {6, 3, 3, 2, 5, 9, 9, 33}};

static void test_true_files(void)
{
    list_files();
    for (int device = 0; device < harness_device_count(); device++) {
        const bool rusticl = strstr(harness_device_name(device), "rusticl") != NULL;
        const pin *want = harness_short() ? &pin_short : rusticl ? &pin_rusticl : &pin_all;
        int unsupported = 0, passed_by[ALGOS] = {0};
        for (int i = 0; i < file_count; i++) {
            const tally t = run(files[i], device, "all");
            CHECK(t.count[CHECK_FAIL] == 0, "%s on %s: %d lines failed, such as %s",
                  base_name(files[i]), harness_device_name(device), t.count[CHECK_FAIL], t.message);
            unsupported += t.count[CHECK_PASS] + t.count[CHECK_FAIL] == 0;
            for (int a = 0; a < ALGOS; a++)
                passed_by[a] += t.passed_by[a];
        }
        CHECK(unsupported == want->unsupported_files, "%s: %d files are unsupported, %d pinned",
              harness_device_name(device), unsupported, want->unsupported_files);
        for (int a = 0; a < ALGOS; a++)
            CHECK(passed_by[a] == want->passed_by[a], "%s: %d lines passed by %s, %d pinned",
                  harness_device_name(device), passed_by[a], algos[a], want->passed_by[a]);
    }
}

/* The worked examples of the source notebooks, for the operations that there are. */
static void test_worked_examples(void)
{
    static const struct {
        const char *name;
        int directions;
    } rows[] = {{"seed1_conv2d_backward_filter", 3},
                {"seed1_conv2d_backward_input", 3},
                {"seed1_conv2d_forward", 1},
                {"seed1_maxpool2d_overlap", 2},
                {"seed2_maxpool2d", 2},
                {"seed3_sgd_momentum", 1},
                {"seed4_conv2d", 3},
                {"seed4_maxpool2d", 2}};
    for (int device = 0; device < harness_device_count(); device++) {
        for (size_t i = harness_short() ? 4 : 0; i < sizeof rows / sizeof *rows; i++) {
            char path[MAX_PATH];
            snprintf(path, sizeof path, "%s/golden/%s.safetensors", TESTS_DIR, rows[i].name);
            const tally t = run(path, device, NULL);
            CHECK(t.count[CHECK_PASS] == rows[i].directions && t.count[CHECK_FAIL] == 0 &&
                      t.count[CHECK_UNSUPPORTED] == 0,
                  "%s: %d passed, %d failed, %d unsupported; %s", rows[i].name, t.count[CHECK_PASS],
                  t.count[CHECK_FAIL], t.count[CHECK_UNSUPPORTED], t.message);
        }
    }
}

/* An algorithm by name that does not support a case, or that the operation does not have. */
static void test_named_algorithm(void)
{
    static const struct {
        const char *file, *algo;
        int passed, unsupported;
    } rows[] = {{"conv2d_000", "direct", 3, 0},     {"conv2d_000", "gemm", 3, 0},
                {"conv2d_000", "row", 1, 2}, /* strides of 3 */
                {"conv2d_004", "row", 3, 0},        {"maxpool2d_000", "gemm", 0, 2},
                {"activation_000", "direct", 2, 0}, {"activation_001", "direct", 2, 0},
                {"adam_000", "direct", 1, 0},       {"sgd_000", "direct", 1, 0}};
    for (int device = 0; device < harness_device_count(); device++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i += harness_short() ? 4 : 1) {
            char path[MAX_PATH];
            snprintf(path, sizeof path, "%s/golden/%s.safetensors", TESTS_DIR, rows[i].file);
            const tally t = run(path, device, rows[i].algo);
            CHECK(t.count[CHECK_PASS] == rows[i].passed && t.count[CHECK_FAIL] == 0 &&
                      t.count[CHECK_UNSUPPORTED] == rows[i].unsupported,
                  "%s by %s: %d passed, %d failed, %d unsupported; %s", rows[i].file, rows[i].algo,
                  t.count[CHECK_PASS], t.count[CHECK_FAIL], t.count[CHECK_UNSUPPORTED], t.message);
        }
    }
}

/* ---- Copies that can be changed ----------------------------------------------------------------
 */

enum { MAX_TENSORS = 16, MAX_META = 16 };

typedef struct copy {
    clcnn__safetensors *st;
    size_t tensor_count, meta_count;
    clcnn__safetensors_tensor tensors[MAX_TENSORS];
    clcnn__safetensors_meta meta[MAX_META];
    void *data[MAX_TENSORS]; /* the tensors' own memory */
    unsigned char *image;    /* the file as written, for changes of values alone */
    size_t size, at[MAX_TENSORS];
} copy;

static bool copy_open(copy *c, const char *path)
{
    clcnn_error error = {.message = ""};
    *c = (copy){.st = NULL};
    const clcnn_status status = clcnn__safetensors_open(path, &c->st, &error);
    if (!CHECK(status == CLCNN_SUCCESS, "%s: %s", path, error.message))
        return false;
    c->tensor_count = clcnn__safetensors_count(c->st);
    c->meta_count = clcnn__safetensors_meta_count(c->st);
    if (!CHECK(c->tensor_count <= MAX_TENSORS && c->meta_count <= MAX_META, "%s: too much", path))
        return false;
    for (size_t i = 0; i < c->meta_count; i++)
        c->meta[i] = *clcnn__safetensors_meta_at(c->st, i);
    for (size_t i = 0; i < c->tensor_count; i++) {
        c->tensors[i] = *clcnn__safetensors_at(c->st, i);
        const size_t bytes = c->tensors[i].count * clcnn__dtype_size(c->tensors[i].dtype);
        c->data[i] = malloc(bytes);
        if (!CHECK(c->data[i] != NULL, "no memory for %zu bytes", bytes))
            return false;
        memcpy(c->data[i], c->tensors[i].data, bytes);
        c->tensors[i].data = c->data[i];
    }
    return true;
}

static void copy_close(copy *c)
{
    for (size_t i = 0; i < MAX_TENSORS; i++)
        free(c->data[i]);
    free(c->image);
    clcnn__safetensors_close(c->st);
}

static const char case_file[] = "case.safetensors";

/* Runs the changed copy; there must be a line that says FAIL, or none where `fails` is false. */
static void expect_file(const char *file, const char *what, bool fails)
{
    for (int device = 0; device < harness_device_count(); device++) {
        const tally t = run(scratch_path(case_file), device, NULL);
        const bool failed = t.count[CHECK_FAIL] > 0;
        CHECK(failed == fails, "%s, %s: %d passed, %d failed; %s", base_name(file), what,
              t.count[CHECK_PASS], t.count[CHECK_FAIL], t.message);
        CHECK(!failed || t.message[0], "%s, %s: failed without a sentence", base_name(file), what);
    }
}

static bool write_copy(const copy *c, const char *file, const char *what)
{
    clcnn_error error = {.message = ""};
    const clcnn_status status = clcnn__safetensors_write(
        scratch_path(case_file), c->tensors, c->tensor_count, c->meta, c->meta_count, &error);
    return CHECK(status == CLCNN_SUCCESS, "%s, %s: %s", base_name(file), what, error.message);
}

static void expect(const copy *c, const char *file, const char *what, bool fails)
{
    if (write_copy(c, file, what))
        expect_file(file, what, fails);
}

/* Writes the copy once, and finds where each tensor's bytes are in it. */
static bool make_image(copy *c, const char *file)
{
    if (!write_copy(c, file, "an unchanged copy"))
        return false;
    c->image = scratch_read(case_file, &c->size);
    uint64_t header = 0;
    if (!CHECK(c->image && c->size > 8, "%s: no image", base_name(file)))
        return false;
    memcpy(&header, c->image, sizeof header);
    size_t at = 8 + (size_t)header;
    for (size_t i = 0; i < c->tensor_count; i++) {
        c->at[i] = at;
        at += c->tensors[i].count * clcnn__dtype_size(c->tensors[i].dtype);
    }
    return CHECK(at == c->size, "%s: %zu bytes, not %zu", base_name(file), c->size, at);
}

/* The same for new values of one tensor. */
static void expect_values(copy *c, size_t tensor, const char *file, const char *what, bool fails)
{
    const clcnn__safetensors_tensor *t = &c->tensors[tensor];
    memcpy(c->image + c->at[tensor], c->data[tensor], t->count * clcnn__dtype_size(t->dtype));
    scratch_write(case_file, c->image, c->size);
    expect_file(file, what, fails);
}

/* Whether the file can be run at all. */
static bool supported(const char *path)
{
    const tally t = run(path, 0, NULL);
    return t.count[CHECK_UNSUPPORTED] == 0;
}

/* A result, not an input: those are doubles, or the indices of max-pool. */
static bool is_expected(const clcnn__safetensors_tensor *t)
{
    return t->dtype == CLCNN__F64 || strcmp(t->name, "argmax") == 0;
}

/* ---- Falsified values --------------------------------------------------------------------------
 */

static double largest(const double *values, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(values[i]));
    return most > 0 ? most : 1;
}

/* One element of one expected tensor, changed in `ways` ways. */
static void falsify_element(copy *c, const char *file, size_t tensor, size_t at, size_t ways)
{
    const clcnn__safetensors_tensor *t = &c->tensors[tensor];
    char what[256];
    if (t->dtype == CLCNN__I64) {
        int64_t *index = (int64_t *)c->data[tensor] + at;
        const int64_t was = *index,
                      wrong[] = {was + 1, was - 1, -1, INT64_MAX, was + (INT64_C(1) << 32)};
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong && i < ways; i++) {
            snprintf(what, sizeof what, "%s[%zu] = %lld", t->name, at, (long long)wrong[i]);
            *index = wrong[i];
            expect_values(c, tensor, file, what, true);
        }
        *index = was;
    } else {
        double *value = (double *)c->data[tensor] + at;
        const double was = *value, step = 1e-11 * largest(c->data[tensor], t->count);
        const double wrong[] = {was + step, NAN,       was - step,
                                INFINITY,   -INFINITY, was + 1e11 * step};
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong && i < ways; i++) {
            snprintf(what, sizeof what, "%s[%zu] = %.17g", t->name, at, wrong[i]);
            *value = wrong[i];
            expect_values(c, tensor, file, what, true);
        }
        *value = was;
    }
    expect_values(c, tensor, file, "as it was", false);
}

/* Every expected tensor of every file: some element in every way, its first and last in two. */
static void test_falsified_values(void)
{
    check_random random = {harness_seed()};
    scratch_begin();
    list_files();
    for (int i = 0; i < file_count; i++) {
        copy c;
        if ((harness_short() && i % 4 != 0) || !supported(files[i]) || !copy_open(&c, files[i]))
            continue;
        make_image(&c, files[i]);
        for (size_t t = 0; t < c.tensor_count; t++) {
            const int last = (int)c.tensors[t].count - 1;
            if (!is_expected(&c.tensors[t]) || !c.image)
                continue;
            falsify_element(&c, files[i], t, (size_t)last, 2);
            if (harness_short())
                continue;
            falsify_element(&c, files[i], t, 0, 2);
            falsify_element(&c, files[i], t, (size_t)check_random_int(&random, 0, last), 6);
        }
        copy_close(&c);
    }
    scratch_end();
}

/* The smallest element of a result that is not 0, doubled: next to the others it is nothing, and
 * for a device that flushes denormals it may be 0. And one in the 12th digit. */
static void test_falsified_small_values(void)
{
    static const char *const names[] = {"y", "new_v"}; /* sums of what is positive */
    size_t tensors = 0, below_floats = 0;
    scratch_begin();
    list_files();
    for (int i = 0; i < file_count; i++) {
        copy c;
        if ((!strstr(files[i], "softmax") && !strstr(files[i], "adam")) || !copy_open(&c, files[i]))
            continue;
        make_image(&c, files[i]);
        for (size_t t = 0; c.image && t < c.tensor_count; t++) {
            double *values = c.data[t];
            size_t least = 0;
            if (strcmp(c.tensors[t].name, names[0]) && strcmp(c.tensors[t].name, names[1]))
                continue;
            for (size_t e = 0; e < c.tensors[t].count; e++)
                if (values[e] > 0 && (values[e] < values[least] || !(values[least] > 0)))
                    least = e;
            const double was = values[least];
            if (!(was > 0))
                continue;
            tensors++;
            below_floats += was < 0x1p-149;
            values[least] = 2 * was;
            expect_values(&c, t, files[i], "the smallest doubled", true);
            values[least] = was * (1 + 1e-11);
            expect_values(&c, t, files[i], "the smallest in its 12th digit", true);
            values[least] = was;
            expect_values(&c, t, files[i], "as it was", false);
        }
        copy_close(&c);
    }
    CHECK(harness_short() ? tensors > 0 : tensors >= 8 && below_floats > 0,
          "%zu tensors, %zu with values that no float holds", tensors, below_floats);
    scratch_end();
}

/* Each other input, a little different in one element: the results no longer belong to it. (A pixel
 * of x may be one that the stride steps over.) */
static void falsify_input(copy *c, size_t tensor, const char *file)
{
    static const char *const inputs[] = {"w", "b", "dy", "param", "grad", "m", "v"};
    size_t name = 0;
    while (name < sizeof inputs / sizeof *inputs && strcmp(c->tensors[tensor].name, inputs[name]))
        name++;
    if (name == sizeof inputs / sizeof *inputs || c->tensors[tensor].dtype != CLCNN__F32)
        return;
    float *value = (float *)c->data[tensor] + c->tensors[tensor].count / 2;
    const float was = *value;
    *value = was + 1e-5f * (1 + fabsf(was));
    expect_values(c, tensor, file, c->tensors[tensor].name, true);
    *value = was;
    expect_values(c, tensor, file, "as it was", false);
}

static void test_falsified_inputs(void)
{
    scratch_begin();
    list_files();
    for (int i = 0; i < file_count; i++) {
        copy c;
        if (strstr(files[i], "activation") || strstr(files[i], "pad2d"))
            continue; /* where ReLU is 0, and in the padding, dy decides nothing */
        if ((harness_short() && i % 60 != 0) || !supported(files[i]) || !copy_open(&c, files[i]))
            continue;
        if (make_image(&c, files[i])) {
            for (size_t t = 0; t < c.tensor_count; t++)
                falsify_input(&c, t, files[i]);
        }
        copy_close(&c);
    }
    scratch_end();
}

/* A NaN in an input makes a NaN in results, where the file has numbers. */
static void test_nan_got(void)
{
    static const char *const names[] = {
        "conv2d_000",    "dense_000", "maxpool2d_000", "adam_000", "softmax_cross_entropy_000",
        "activation_000"};
    scratch_begin();
    for (size_t i = 0; i < sizeof names / sizeof *names; i += harness_short() ? 3 : 1) {
        char path[MAX_PATH];
        copy c;
        snprintf(path, sizeof path, "%s/golden/%s.safetensors", TESTS_DIR, names[i]);
        if (!copy_open(&c, path))
            continue;
        for (size_t t = 0; t < c.tensor_count; t++) {
            if (c.tensors[t].dtype != CLCNN__F32 || strcmp(c.tensors[t].name, "b") == 0)
                continue;
            float *value = (float *)c.data[t] + c.tensors[t].count / 2;
            const float was = *value;
            *value = NAN;
            expect(&c, names[i], c.tensors[t].name, true);
            *value = was;
        }
        copy_close(&c);
    }
    scratch_end();
}

/* A wrong value is found in a direction too that the named algorithm does not have. */
static void test_falsified_unsupported(void)
{
    char path[MAX_PATH];
    copy c;
    snprintf(path, sizeof path, "%s/golden/seed4_conv2d.safetensors", TESTS_DIR);
    scratch_begin();
    if (copy_open(&c, path)) {
        for (size_t t = 0; t < c.tensor_count; t++) {
            if (strcmp(c.tensors[t].name, "dw") == 0)
                ((double *)c.data[t])[0] += 1;
        }
        if (write_copy(&c, path, "another dw")) {
            const tally got = run(scratch_path(case_file), 0, "row");
            CHECK(got.count[CHECK_PASS] == 2 && got.count[CHECK_FAIL] == 1 &&
                      got.count[CHECK_UNSUPPORTED] == 0,
                  "%d passed, %d failed, %d unsupported", got.count[CHECK_PASS],
                  got.count[CHECK_FAIL], got.count[CHECK_UNSUPPORTED]);
        }
    }
    copy_close(&c);
    scratch_end();
}

/* ---- Falsified headers -------------------------------------------------------------------------
 */

typedef struct edit {
    const char *file;
    const char *key, *new_key, *value; /* of the metadata; a NULL value leaves it out */
    bool fails;                        /* false: unsupported, or still right */
} edit;

static const edit edits[] = {
    {"conv2d_000", "op", "op", "conv3d", true},
    {"conv2d_000", "op", "op", "", true},
    {"conv2d_000", "op", "op", "Conv2d", true},
    {"conv2d_000", "op", "op", NULL, true},
    {"conv2d_000", "op", "op", "dense", true},
    {"conv2d_000", "op", "op", "maxpool2d", true},
    {"conv2d_000", "op", "op", "sgd", true},
    {"conv2d_000", "stride", "strides", "3,3", true},
    {"conv2d_000", "stride", "kernel", "3,3", true},
    {"conv2d_000", "stride", "format", "pt", true},
    {"conv2d_000", "stride", "stride", NULL, true},
    {"conv2d_000", "stride", "stride", "3", true},
    {"conv2d_000", "stride", "stride", "3,3,3", true},
    {"conv2d_000", "stride", "stride", "3,3,", true},
    {"conv2d_000", "stride", "stride", ",3,3", true},
    {"conv2d_000", "stride", "stride", "3,x", true},
    {"conv2d_000", "stride", "stride", "3, 3", true},
    {"conv2d_000", "stride", "stride", "3,3.0", true},
    {"conv2d_000", "stride", "stride", "0x3,3", true},
    {"conv2d_000", "stride", "stride", "", true},
    {"conv2d_000", "stride", "stride", "0,3", true},
    {"conv2d_000", "stride", "stride", "-3,3", true},
    {"conv2d_000", "stride", "stride", "99999999999,3", true},
    {"conv2d_000", "stride", "stride", "2,3", true},
    {"conv2d_000", "pad", "pad", "2,2,2", true},
    {"conv2d_000", "pad", "pad", "-1,2,2,2", true},
    {"conv2d_000", "pad", "pad", "2147483647,2147483647,2147483647,2147483647", true},
    {"conv2d_000", "dilation", "dilation", NULL, false}, /* its default */
    {"conv2d_000", "dilation", "dilation", "2,1", true},
    {"conv2d_000", "groups", "groups", "0", true},
    {"conv2d_000", "groups", "groups", "2", true},
    {"conv2d_002", "groups", "groups", "1", true},
    {"maxpool2d_000", "kernel", "kernel", NULL, true},
    {"maxpool2d_000", "kernel", "kernel", "0,3", true},
    {"maxpool2d_000", "kernel", "kernel", "3,4", true},
    {"maxpool2d_000", "stride", "stride", NULL, true},
    {"maxpool2d_000", "pad", "pad", NULL, false},
    {"seed1_maxpool2d_overlap", "stride", "stride", NULL, false}, /* 1, not the window */
    {"activation_000", "kind", "kind", NULL, true},
    {"activation_000", "kind", "kind", "relu6", true},
    {"activation_000", "kind", "kind", "identity", true},
    {"activation_000", "kind", "kind", "elu", true},
    {"activation_000", "alpha", "alpha", "one", true},
    {"activation_000", "alpha", "alpha", "nan", true},
    {"activation_000", "alpha", "alpha", NULL, false},
    {"activation_001", "alpha", "alfa", "1.0", true},
    {"activation_001", "alpha", "alpha", "x", true},
    {"adam_001", "lr", "lr", "0.051", true},
    {"adam_001", "lr", "lr", "-0.05", true},
    {"adam_001", "lr", "lr", NULL, true},
    {"adam_001", "beta1", "beta1", "1", true},
    {"adam_001", "beta2", "beta3", "0.999", true},
    {"adam_001", "eps", "eps", "0", true},
    {"adam_001", "step", "step", "0", true},
    {"adam_001", "step", "step", "180", true},
    {"adam_001", "step", "step", "1.5", true},
    {"adam_001", "weight_decay", "weight_decay", NULL, false},
    {"adam_004", "decoupled", "decoupled", "2", true},
    {"adam_004", "decoupled", "decoupled", "0", true},
    {"dense_000", "op", "bias", "1", true},
    {"softmax_cross_entropy_000", "op", "op", "softmax", true},
    {"sgd_000", "lr", "learning_rate", "0.1", true},
    {"avgpool2d_000", "kernel", "window", "1,5", true},
    {"avgpool2d_000", "kernel", "kernel", "1,4", true},
    {"avgpool2d_000", "stride", "stride", NULL, true},
    {"avgpool2d_001", "count_include_pad", "count_include_pad", "0", true},
    {"avgpool2d_001", "count_include_pad", "count_include_pad", "2", true},
    {"avgpool2d_001", "count_include_pad", "count_include_pad", NULL, false}, /* its default */
    {"avgpool2d_002", "count_include_pad", "count_include_pad", NULL, true},
    {"im2col_000", "kernel", "kernel", "3,1", true},
    {"im2col_000", "pad", "pad", "0,4,0,1", true},
    {"im2col_000", "dilation", "dilation", NULL, false},
    {"im2col_000", "op", "op", "col2im", true},
    {"col2im_000", "size", "size", "7,12", true},
    {"col2im_000", "size", "size", NULL, true},
    {"col2im_000", "kernel", "kernel", "5,7", true},
    {"pad2d_000", "pad", "pad", "3,1,4,2", true},
    {"pad2d_000", "pad", "pad", NULL, true},
    {"pad2d_000", "pad", "stride", "1,1", true},
};

static void test_falsified_attributes(void)
{
    scratch_begin();
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i += harness_short() ? 16 : 1) {
        char path[MAX_PATH], what[256];
        copy c;
        snprintf(path, sizeof path, "%s/golden/%s.safetensors", TESTS_DIR, edits[i].file);
        snprintf(what, sizeof what, "%s = \"%s\" for %s", edits[i].new_key,
                 edits[i].value ? edits[i].value : "(gone)", edits[i].key);
        if (!copy_open(&c, path))
            continue;
        size_t m = 0;
        while (m < c.meta_count && strcmp(c.meta[m].key, edits[i].key) != 0)
            m++;
        if (CHECK(m < c.meta_count, "%s has no %s", edits[i].file, edits[i].key)) {
            c.meta[m] = (clcnn__safetensors_meta){edits[i].new_key, edits[i].value};
            if (!edits[i].value)
                c.meta[m] = c.meta[--c.meta_count];
            expect(&c, edits[i].file, what, edits[i].fails);
        }
        copy_close(&c);
    }
    scratch_end();
}

/* ---- Falsified tensors -------------------------------------------------------------------------
 */

static size_t find(const copy *c, const char *name)
{
    size_t i = 0;
    while (i < c->tensor_count && strcmp(c->tensors[i].name, name) != 0)
        i++;
    CHECK(i < c->tensor_count, "there is no tensor %s", name);
    return i < c->tensor_count ? i : 0;
}

static void drop(copy *c, const char *name)
{
    const size_t i = find(c, name), last = --c->tensor_count;
    void *dropped = c->data[i];
    c->tensors[i] = c->tensors[last];
    c->data[i] = c->data[last];
    c->data[last] = dropped;
}

static void no_expected(copy *c)
{
    for (size_t i = c->tensor_count; i-- > 0;) {
        if (is_expected(&c->tensors[i]))
            drop(c, c->tensors[i].name);
    }
}

static void no_dy(copy *c)
{
    drop(c, "dy");
}

static void no_x(copy *c)
{
    drop(c, "x");
}

static void no_w(copy *c)
{
    drop(c, "w");
}

static void no_labels(copy *c)
{
    drop(c, "labels");
}

static void no_bias(copy *c)
{
    drop(c, "b");
}

static void no_db(copy *c)
{
    drop(c, "db");
}

static void no_dw(copy *c)
{
    drop(c, "dw");
}

static void no_y(copy *c)
{
    drop(c, "y");
}

static void no_argmax(copy *c)
{
    drop(c, "argmax");
}

static void renamed_y(copy *c)
{
    c->tensors[find(c, "y")].name = "z";
}

static void swapped_axes(copy *c)
{
    clcnn__safetensors_tensor *t = &c->tensors[find(c, "y")];
    const size_t first = t->shape[0];
    t->shape[0] = t->shape[1];
    t->shape[1] = first;
}

static void flat_x(copy *c)
{
    clcnn__safetensors_tensor *t = &c->tensors[find(c, "x")];
    t->rank = 1;
    t->shape[0] = t->count;
}

/* 8 bytes of a double are 2 floats. */
static void float_y(copy *c)
{
    clcnn__safetensors_tensor *t = &c->tensors[find(c, "y")];
    t->dtype = CLCNN__F32;
    t->shape[t->rank - 1] *= 2;
    t->count *= 2;
}

static void integer_y(copy *c)
{
    c->tensors[find(c, "y")].dtype = CLCNN__I64;
}

static void double_argmax(copy *c)
{
    c->tensors[find(c, "argmax")].dtype = CLCNN__F64;
}

static void huge_label(copy *c)
{
    ((int64_t *)c->data[find(c, "labels")])[0] = INT64_C(1) << 32;
}

static void foreign_label(copy *c)
{
    ((int64_t *)c->data[find(c, "labels")])[0] = 1000;
}

static void test_falsified_tensors(void)
{
    static const struct {
        const char *file, *what;
        void (*change)(copy *c);
        bool fails;
    } rows[] = {{"conv2d_000", "no expected tensors", no_expected, true},
                {"maxpool2d_000", "no expected tensors", no_expected, true},
                {"adam_000", "no expected tensors", no_expected, true},
                {"sgd_000", "no expected tensors", no_expected, true},
                {"conv2d_000", "no dy for dx", no_dy, true},
                {"maxpool2d_000", "no dy for dx", no_dy, true},
                {"activation_000", "no dy for dx", no_dy, true},
                {"conv2d_000", "no x", no_x, true},
                {"conv2d_000", "no w", no_w, true},
                {"maxpool2d_000", "no x", no_x, true},
                {"softmax_cross_entropy_000", "no labels", no_labels, true},
                {"conv2d_000", "no bias, though y has it", no_bias, true},
                {"conv2d_000", "no db", no_db, false},
                {"conv2d_000", "no dw", no_dw, false},
                {"dense_000", "no dw", no_dw, false},
                {"maxpool2d_000", "no y", no_y, false},
                {"maxpool2d_000", "no argmax", no_argmax, false},
                {"softmax_cross_entropy_000", "no y", no_y, false},
                {"conv2d_000", "y renamed", renamed_y, true},
                {"activation_000", "y renamed", renamed_y, true},
                {"conv2d_001", "y with its axes swapped", swapped_axes, true},
                {"dense_000", "y with its axes swapped", swapped_axes, true},
                {"activation_000", "y with its axes swapped", swapped_axes, true},
                {"conv2d_000", "x flat", flat_x, true},
                {"activation_000", "x flat, y not", flat_x, true},
                {"conv2d_000", "y as floats", float_y, true},
                {"conv2d_000", "y as integers", integer_y, true},
                {"maxpool2d_000", "argmax as doubles", double_argmax, true},
                {"softmax_cross_entropy_000", "a label beyond 32 bits", huge_label, true},
                {"softmax_cross_entropy_000", "a label that is no class", foreign_label, true}};
    scratch_begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i += harness_short() ? 6 : 1) {
        char path[MAX_PATH];
        copy c;
        snprintf(path, sizeof path, "%s/golden/%s.safetensors", TESTS_DIR, rows[i].file);
        if (copy_open(&c, path)) {
            rows[i].change(&c);
            expect(&c, rows[i].file, rows[i].what, rows[i].fails);
        }
        copy_close(&c);
    }
    scratch_end();
}

/* ---- Damaged files -----------------------------------------------------------------------------
 */

static void test_damaged(void)
{
    size_t size = 0;
    scratch_begin();
    char source[MAX_PATH];
    snprintf(source, sizeof source, "%s/golden/seed1_conv2d_forward.safetensors", TESTS_DIR);
    FILE *f = fopen(source, "rb");
    static unsigned char bytes[1 << 20];
    if (CHECK(f != NULL, "%s can't be opened", source)) {
        size = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
    }
    const size_t cuts[] = {0, 1, 7, 8, 9, 100, size / 2, size - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        scratch_write("cut.safetensors", bytes, cuts[i]);
        const tally t = run(scratch_path("cut.safetensors"), 0, NULL);
        CHECK(t.count[CHECK_FAIL] == 1 && t.count[CHECK_PASS] == 0 && t.message[0],
              "cut to %zu bytes: %d failed, %d passed", cuts[i], t.count[CHECK_FAIL],
              t.count[CHECK_PASS]);
    }
    const tally t = run(scratch_path("absent.safetensors"), 0, NULL);
    CHECK(t.count[CHECK_FAIL] == 1, "a file that is not there: %d failed", t.count[CHECK_FAIL]);
    scratch_end();
}

static const harness_test tests[] = {{"true files", test_true_files},
                                     {"worked examples", test_worked_examples},
                                     {"algorithms by name", test_named_algorithm},
                                     {"falsified values", test_falsified_values},
                                     {"falsified small values", test_falsified_small_values},
                                     {"falsified inputs", test_falsified_inputs},
                                     {"falsified and unsupported", test_falsified_unsupported},
                                     {"NaN got", test_nan_got},
                                     {"falsified attributes", test_falsified_attributes},
                                     {"falsified tensors", test_falsified_tensors},
                                     {"damaged files", test_damaged},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("golden", tests);
}
