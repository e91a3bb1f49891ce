/*
 * Weights that PyTorch saved: where each tensor goes, the network's logits against those that
 * PyTorch computed (tests/import/make.py), and a table of files that don't fit, each with its own
 * sentence, after which nothing was written.
 */
#include "clcnn_net.h"
#include "harness.h"
#include "safetensors.h"
#include "scratch.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 6, CHANNELS = 3, HEIGHT = 12, WIDTH = 10, CLASSES = 5 };
enum { PIXELS = CHANNELS * HEIGHT * WIDTH, MOST = 32 };

#define LAYERS                                                                                     \
    "conv 4 3x3 pad 1 nobias, batchnorm, relu as a, "                                              \
    "conv 4 3x3 pad 1 nobias, batchnorm, add a, relu as b, "                                       \
    "conv 4 3x3 pad 1, add b, relu, maxpool 2, flatten, dense 8, relu, dense 5"

static const clcnn_import_desc desc = {
    .layers = LAYERS, .c = CHANNELS, .h = HEIGHT, .w = WIDTH, .mean = 0.375, .deviation = 0.25};

static const char *const files[] = {TESTS_DIR "/import/torch.safetensors",
                                    TESTS_DIR "/import/sorted.safetensors"};

/* ---- Where tensors go ------------------------------------------------------------------------ */

static const char *const places[][2] = {
    {"features.0.weight", "0.weight"},
    {"features.1.weight", "1.weight"},
    {"features.1.bias", "1.bias"},
    {"features.1.running_mean", "1.running_mean"},
    {"features.1.running_var", "1.running_var"},
    {"features.3.weight", "3.weight"},
    {"features.9.weight", "4.weight"},
    {"features.9.bias", "4.bias"},
    {"features.9.running_mean", "4.running_mean"},
    {"features.9.running_var", "4.running_var"},
    {"features.10.weight", "7.weight"},
    {"features.10.bias", "7.bias"},
    {"classifier.1.weight", "12.weight"},
    {"classifier.1.bias", "12.bias"},
    {"classifier.3.weight", "14.weight"},
    {"classifier.3.bias", "14.bias"},
};
enum { PLACES = sizeof places / sizeof *places };

static void check_place(const char *tensor, const char *parameter, void *user)
{
    int *number = user;
    if (CHECK(*number < PLACES, "\"%s\" as well", tensor))
        CHECK(!strcmp(tensor, places[*number][0]) && !strcmp(parameter, places[*number][1]),
              "%s becomes %s, where %s should become %s", tensor, parameter, places[*number][0],
              places[*number][1]);
    ++*number;
}

/* The two files differ in their order alone: the checkpoints are the same. */
static void tensors_find_their_places(void)
{
    size_t size = 0;
    unsigned char *first = NULL;
    scratch_begin();
    for (int i = 0; i < 2; ++i) {
        clcnn_error error = {.message = ""};
        int number = 0;
        CHECK(clcnn_import(files[i], &desc, scratch_path("out"), check_place, &number, &error) ==
                  CLCNN_SUCCESS,
              "%s", error.message);
        CHECK(number == PLACES, "%d tensors, not %d", number, PLACES);
        if (i == 0)
            first = scratch_read("out", &size);
    }
    CHECK(first && scratch_equals("out", first, size), "the sorted file makes another network");
    free(first);
    scratch_end();
}

static void checkpoints_say_what_they_are(void)
{
    clcnn_checkpoint_info info = {0};
    clcnn_error error = {.message = ""};
    scratch_begin();
    CHECK(!clcnn_import(files[0], &desc, scratch_path("out"), NULL, NULL, &error) &&
              !clcnn_checkpoint_read_info(scratch_path("out"), &info, &error),
          "%s", error.message);
    CHECK(info.layers && !strcmp(info.layers, LAYERS) && info.c == CHANNELS && info.h == HEIGHT &&
              info.w == WIDTH && info.classes == CLASSES && info.mean == 0.375 &&
              info.deviation == 0.25 && info.epochs_done == 0 && info.steps_total == 0 &&
              !strcmp(info.data, "imported"),
          "\"%s\", %d classes, mean %g, deviation %g, data %s", info.layers, info.classes,
          info.mean, info.deviation, info.data);
    clcnn_checkpoint_info_free(&info);
    clcnn_import_desc plain = desc;
    plain.mean = plain.deviation = 0;
    CHECK(!clcnn_import(files[0], &plain, scratch_path("out"), NULL, NULL, &error) &&
              !clcnn_checkpoint_read_info(scratch_path("out"), &info, &error),
          "%s", error.message);
    CHECK(info.mean == 0 && info.deviation == 1, "mean %g, deviation %g", info.mean,
          info.deviation);
    clcnn_checkpoint_info_free(&info);
    scratch_end();
}

/* ---- What the network computes --------------------------------------------------------------- */

typedef struct expected {
    clcnn__safetensors *file;
    const uint8_t *images;
    const double *logits, *bounds;
} expected;

static bool expected_open(expected *e)
{
    clcnn_error error = {.message = ""};
    if (!CHECK(!clcnn__safetensors_open(TESTS_DIR "/import/expected.safetensors", &e->file, &error),
               "%s", error.message))
        return false;
    const clcnn__safetensors_tensor *images = clcnn__safetensors_find(e->file, "images"),
                                    *logits = clcnn__safetensors_find(e->file, "logits"),
                                    *bounds = clcnn__safetensors_find(e->file, "bounds");
    if (!CHECK(images && logits && bounds && images->dtype == CLCNN__U8 &&
                   images->count == COUNT * PIXELS && logits->dtype == CLCNN__F64 &&
                   logits->count == COUNT * CLASSES && bounds->dtype == CLCNN__F64 &&
                   bounds->count == COUNT * CLASSES,
               "expected.safetensors is another file"))
        return false;
    e->images = images->data;
    e->logits = logits->data;
    e->bounds = bounds->data;
    return true;
}

static void check_logits(int device, clcnn_model *model, const expected *e)
{
    float images[COUNT * PIXELS], got[COUNT * CLASSES];
    clcnn_mem logits = CLCNN_NO_MEM;
    clcnn_ctx *ctx = harness_ctx(device);
    cl_int code = 0;
    for (int i = 0; i < COUNT * PIXELS; ++i)
        images[i] = (float)((e->images[i] / 255.0 - desc.mean) / desc.deviation);
    cl_mem mem = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                sizeof images, images, &code);
    CHECK(!code &&
              !clcnn_net_forward(clcnn_model_net(model), COUNT, (clcnn_mem){mem, 0}, &logits) &&
              !clEnqueueReadBuffer(clcnn_ctx_queue(ctx), logits.buf, CL_TRUE,
                                   logits.offset * sizeof(float), sizeof got, got, 0, NULL, NULL),
          "%s: %d %s", harness_device_name(device), code, clcnn_last_error(ctx)->message);
    for (int i = 0; i < COUNT * CLASSES; ++i)
        CHECK(fabs((double)got[i] - e->logits[i]) <= e->bounds[i],
              "%s: logit %d is %.9g, not %.9g +- %.2g", harness_device_name(device), i,
              (double)got[i], e->logits[i], e->bounds[i]);
    clReleaseMemObject(mem);
}

/* Where no logit is off by more than d, a probability is off by a factor of exp(2d) at most. */
static void check_probabilities(clcnn_model *model, const expected *e)
{
    double got[COUNT * CLASSES];
    clcnn_error error = {.message = ""};
    CHECK(!clcnn_model_predict(model, COUNT, e->images, got, &error), "%s", error.message);
    for (int i = 0; i < COUNT; ++i) {
        const double *logits = e->logits + i * CLASSES;
        double sum = 0, most = 0;
        for (int j = 0; j < CLASSES; ++j) {
            sum += exp(logits[j]);
            most = fmax(most, e->bounds[i * CLASSES + j]);
        }
        for (int j = 0; j < CLASSES; ++j) {
            double p = exp(logits[j]) / sum, bound = p * expm1(2 * most) + 1e-12;
            CHECK(fabs(got[i * CLASSES + j] - p) <= bound, "image %d, class %d: %g, not %g +- %g",
                  i, j, got[i * CLASSES + j], p, bound);
        }
    }
}

static void logits_are_pytorchs(void)
{
    expected e = {0};
    clcnn_error error = {.message = ""};
    scratch_begin();
    CHECK(!clcnn_import(files[0], &desc, scratch_path("out"), NULL, NULL, &error), "%s",
          error.message);
    for (int device = 0; expected_open(&e) && device < harness_device_count(); ++device) {
        clcnn_model *model = NULL;
        if (CHECK(
                !clcnn_model_load(harness_ctx(device), scratch_path("out"), COUNT, &model, &error),
                "%s", error.message)) {
            check_logits(device, model, &e);
            check_probabilities(model, &e);
        }
        clcnn_model_destroy(model);
        clcnn__safetensors_close(e.file);
        e.file = NULL;
    }
    clcnn__safetensors_close(e.file);
    scratch_end();
}

/* ---- What does not fit ----------------------------------------------------------------------- */

/* The tensors of torch.safetensors, to be changed. */
typedef struct tensors {
    clcnn__safetensors_tensor rows[MOST];
    size_t count;
} tensors;

static clcnn__safetensors_tensor *find(tensors *t, const char *name)
{
    size_t i = 0;
    while (i < t->count - 1 && strcmp(t->rows[i].name, name) != 0)
        ++i;
    CHECK(!strcmp(t->rows[i].name, name), "%s is not there", name);
    return &t->rows[i];
}

static void transpose(tensors *t)
{
    clcnn__safetensors_tensor *w = find(t, "classifier.3.weight");
    w->shape[0] = 8;
    w->shape[1] = 5;
}

static void lower_rank(tensors *t)
{
    clcnn__safetensors_tensor *w = find(t, "features.9.running_mean");
    w->rank = 2;
    w->shape[1] = 1;
}

static void drop(tensors *t, const char *name)
{
    clcnn__safetensors_tensor *w = find(t, name), *end = t->rows + --t->count;
    memmove(w, w + 1, (size_t)(end - w) * sizeof *w);
}

static void drop_bias(tensors *t)
{
    drop(t, "classifier.1.bias");
}

static void drop_variance(tensors *t)
{
    drop(t, "features.1.running_var");
}

static void drop_weight(tensors *t)
{
    drop(t, "features.10.weight");
}

static void drop_dense(tensors *t)
{
    drop(t, "classifier.3.weight");
    drop(t, "classifier.3.bias");
}

static void add(tensors *t, const char *name, int rank, size_t a, size_t b)
{
    static const float ones[64] = {1};
    t->rows[t->count++] = (clcnn__safetensors_tensor){
        .name = name, .dtype = CLCNN__F32, .rank = rank, .shape = {a, b}, .data = ones};
}

static void add_dense(tensors *t)
{
    add(t, "classifier.5.weight", 2, 5, 5);
}

static void add_parameter(tensors *t)
{
    add(t, "features.10.scale", 1, 4, 0);
}

static void add_conv_bias(tensors *t)
{
    add(t, "features.3.bias", 1, 4, 0);
}

static void no_module(tensors *t)
{
    add(t, "temperature", 0, 0, 0);
}

static void rename_counter(tensors *t)
{
    find(t, "features.1.num_batches_tracked")->name = "features.1.batches";
}

static void poke(tensors *t, const char *name, float value)
{
    static float data[64];
    clcnn__safetensors_tensor *w = find(t, name);
    memcpy(data, w->data, w->count * sizeof(float));
    data[3] = value;
    w->data = data;
}

static void poke_nan(tensors *t)
{
    poke(t, "classifier.3.bias", NAN);
}

static void poke_infinity(tensors *t)
{
    poke(t, "features.9.bias", -INFINITY);
}

static void poke_negative(tensors *t)
{
    poke(t, "features.9.running_var", -1e-9f);
}

static void widen(tensors *t)
{
    static const double zeros[64] = {0};
    clcnn__safetensors_tensor *w = find(t, "features.1.bias");
    w->dtype = CLCNN__F64;
    w->data = zeros;
}

/* Where `layers` is NULL, the network is the right one. */
static const struct wrong {
    const char *what;
    void (*change)(tensors *t);
    const char *layers, *piece;
} table[] = {
    {"transposed", transpose, NULL,
     "tensor \"classifier.3.weight\" is [8,5], and 14.weight of the network (\"dense 5\") is "
     "[5,8]"},
    {"rank", lower_rank, NULL,
     "tensor \"features.9.running_mean\" is [4,1], and 4.running_mean of the network "
     "(\"batchnorm\") is [4]"},
    {"no bias", drop_bias, NULL,
     "tensor \"classifier.1.bias\" is missing: 12.bias of the network (\"dense 8\") is [8]; "
     "\"nobias\" says that there is none"},
    {"no variance", drop_variance, NULL,
     "tensor \"features.1.running_var\" is missing: 1.running_var of the network (\"batchnorm\") "
     "is [4]"},
    {"no weight", drop_weight, NULL,
     "tensor \"features.10.bias\" [4] has no place: there is no \"features.10.weight\" beside it"},
    {"no last layer", drop_dense, NULL,
     "no dense layer is left in it for layer 14 of the network (\"dense 5\"), whose weight is "
     "[5,8]"},
    {"a layer more", add_dense, NULL,
     "tensor \"classifier.5.weight\" [5,5] has no place: every dense layer of the network is "
     "filled"},
    {"a parameter more", add_parameter, NULL,
     "tensor \"features.10.scale\" [4] has no place: layer 7 of the network (\"conv 4 3x3 pad 1\") "
     "has no scale"},
    {"a bias more", add_conv_bias, NULL,
     "tensor \"features.3.bias\" [4] has no place: layer 3 of the network (\"conv 4 3x3 pad 1 "
     "nobias\") has no bias"},
    {"no module", no_module, NULL,
     "tensor \"temperature\" [] has no place: there is no \"weight\" beside it"},
    {"integers", rename_counter, NULL,
     "tensor \"features.1.batches\" is I64; weights are imported from F32 alone"},
    {"doubles", widen, NULL,
     "tensor \"features.1.bias\" is F64; weights are imported from F32 alone"},
    {"NaN", poke_nan, NULL, "tensor \"classifier.3.bias\" has nan at element 3"},
    {"infinity", poke_infinity, NULL, "tensor \"features.9.bias\" has -inf at element 3"},
    {"negative", poke_negative, NULL, "tensor \"features.9.running_var\" has -1e-09 at element 3"},
    {"another network", NULL, "conv 4 5x5, flatten, dense 8",
     "tensor \"features.0.weight\" is [4,3,3,3], and 0.weight of the network (\"conv 4 5x5\") is "
     "[4,3,5,5]"},
    {"a shorter network", NULL, "conv 4 3x3 pad 1 nobias, batchnorm, relu, flatten",
     "tensor \"features.3.weight\" [4,4,3,3] has no place: every convolution of the network is "
     "filled"},
    {"no convolutions", NULL, "layernorm, dense 8",
     "tensor \"features.1.weight\" is [4], and 0.weight of the network (\"layernorm\") is [360]"},
};

static bool write_changed(const char *name, void (*change)(tensors *t))
{
    tensors t = {.count = 0};
    clcnn__safetensors *file = NULL;
    clcnn_error error = {.message = ""};
    if (!CHECK(!clcnn__safetensors_open(files[0], &file, &error), "%s", error.message))
        return false;
    t.count = clcnn__safetensors_count(file);
    for (size_t i = 0; i < t.count; ++i)
        t.rows[i] = *clcnn__safetensors_at(file, i);
    if (change)
        change(&t);
    clcnn_status status =
        clcnn__safetensors_write(scratch_path(name), t.rows, t.count, NULL, 0, &error);
    clcnn__safetensors_close(file);
    return CHECK(!status, "%s", error.message);
}

static void expect_bad(const char *what, const clcnn_import_desc *d, const char *piece)
{
    clcnn_error error = {.message = ""};
    scratch_write("out", "what was there", 14);
    clcnn_status status =
        clcnn_import(scratch_path("weights"), d, scratch_path("out"), NULL, NULL, &error);
    CHECK(status == CLCNN_BAD_FILE, "%s: status %s", what, clcnn_status_name(status));
    CHECK(strstr(error.message, piece), "%s: \"%s\" is not in \"%s\"", what, piece, error.message);
    CHECK(strstr(error.message, scratch_path("weights")), "%s: no file is named in \"%s\"", what,
          error.message);
    CHECK(scratch_equals("out", "what was there", 14), "%s: something was written", what);
}

static void wrong_files_are_refused(void)
{
    scratch_begin();
    for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
        clcnn_import_desc d = desc;
        d.layers = table[i].layers ? table[i].layers : desc.layers;
        if (write_changed("weights", table[i].change))
            expect_bad(table[i].what, &d, table[i].piece);
    }
    static const char half[] = "\x50\0\0\0\0\0\0\0{\"a.weight\":{\"dtype\":\"F16\",\"shape\":[2],"
                               "\"data_offsets\":[0,4]}}                        \0\0\0\0";
    scratch_write("weights", half, sizeof half - 1);
    expect_bad("half precision", &desc, "tensor \"a.weight\" has dtype \"F16\"");
    static const char pickle[] = "PK\3\4 as torch.save writes it";
    scratch_write("weights", pickle, sizeof pickle);
    expect_bad("a pickle", &desc, "header");
    scratch_end();
}

static void wrong_arguments_are_refused(void)
{
    static const clcnn_import_desc bad[] = {
        {.layers = LAYERS, .c = 3, .h = 12, .w = 10, .mean = -0.1},
        {.layers = LAYERS, .c = 3, .h = 12, .w = 10, .mean = 1.5},
        {.layers = LAYERS, .c = 3, .h = 12, .w = 10, .deviation = -1},
        {.layers = LAYERS, .c = 3, .h = 12, .w = 10, .deviation = 1.5},
        {.layers = LAYERS, .c = 3, .h = 12, .w = 10, .deviation = 1e-10},
        {.layers = LAYERS, .c = 3, .h = 12},
        {.layers = "conv", .c = 3, .h = 12, .w = 10},
    };
    scratch_begin();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        clcnn_error error = {.message = ""};
        clcnn_status status =
            clcnn_import(files[0], &bad[i], scratch_path("out"), NULL, NULL, &error);
        CHECK(status == CLCNN_INVALID_ARGUMENT && error.message[0], "row %zu: %s", i,
              clcnn_status_name(status));
    }
    CHECK(scratch_count() == 0, "something was written");
    scratch_end();
}

static const harness_test tests[] = {
    {"tensors find their places", tensors_find_their_places},
    {"checkpoints say what they are", checkpoints_say_what_they_are},
    {"logits are PyTorch's", logits_are_pytorchs},
    {"wrong files are refused", wrong_files_are_refused},
    {"wrong arguments are refused", wrong_arguments_are_refused},
    {NULL, NULL}};

int main(void)
{
    return harness_run("import", tests);
}
