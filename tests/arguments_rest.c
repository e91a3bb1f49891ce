/* Bad arguments of what computes nothing, and those that fit into no table: see arguments_rest.h.
 */
#include "arguments_rest.h"
#include "arguments_cases.h"
#include "covered.h"
#include "harness.h"

#include <stdio.h>

void test_names(void)
{
    cover("clcnn_version");
    cover("clcnn_status_name");
    cover("clcnn_status_string");
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", CLCNN_VERSION_MAJOR, CLCNN_VERSION_MINOR,
             CLCNN_VERSION_PATCH);
    CHECK(strcmp(clcnn_version(), version) == 0, "version %s, not %s", clcnn_version(), version);
#define KNOWN(name, value, sentence)                                                               \
    CHECK(name == (value) && strcmp(clcnn_status_name(name), #name) == 0, "%s has the name %s",    \
          #name, clcnn_status_name(name));                                                         \
    CHECK(strcmp(clcnn_status_string(name), sentence) == 0, "%s: \"%s\"", #name,                   \
          clcnn_status_string(name));
    CLCNN_STATUS_MAP(KNOWN)
#undef KNOWN
    static const int unknown[] = {1, -9, 1000, INT_MIN, INT_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        const clcnn_status status = (clcnn_status)unknown[i];
        CHECK(strcmp(clcnn_status_name(status), "unknown status") == 0, "%d is %s", unknown[i],
              clcnn_status_name(status));
        CHECK(strcmp(clcnn_status_string(status), "unknown status") == 0, "%d is \"%s\"",
              unknown[i], clcnn_status_string(status));
    }
}

void test_algos(void)
{
    cover("clcnn_algos");
    cover("clcnn_error_bound");
    static const char *const bad[] = {NULL, "", "conv", "conv2d ", "CONV2D", "no-such-op"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(clcnn_algos(bad[i]) == NULL, "\"%s\" has algorithms", bad[i] ? bad[i] : "NULL");
    static const char *const good[] = {"conv2d",
                                       "dense",
                                       "maxpool2d",
                                       "avgpool2d",
                                       "im2col",
                                       "col2im",
                                       "pad2d",
                                       "adaptive_avgpool2d",
                                       "batchnorm",
                                       "upsample2d",
                                       "layernorm",
                                       "softmax_cross_entropy",
                                       "add",
                                       "activation",
                                       "dropout",
                                       "uniform",
                                       "normal",
                                       "adam",
                                       "conv1d",
                                       "correlate1d",
                                       "concat",
                                       "slice",
                                       "softmax",
                                       "mse",
                                       "l2",
                                       "sgd",
                                       "rmsprop",
                                       "clip_norm",
                                       "conv2d_transpose"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const clcnn_algo *algo = clcnn_algos(good[i]);
        if (!CHECK(algo && algo->name, "%s has no algorithms", good[i]))
            continue;
        for (; algo->name; algo++) {
            for (int direction = 0; direction < 3; direction++) {
                const double bound = clcnn_error_bound(algo, (clcnn_direction)direction, 9, 2);
                CHECK(isfinite(bound) && bound >= 0 && bound < 1e-3, "%s, %s: bound %g", good[i],
                      algo->name, bound);
            }
            CHECK(clcnn_error_bound(algo, (clcnn_direction)3, 9, 2) == 0, "direction 3");
            CHECK(clcnn_error_bound(algo, (clcnn_direction)-1, 9, 2) == 0, "direction -1");
        }
    }
    CHECK(clcnn_error_bound(NULL, CLCNN_FORWARD, 9, 2) == 0, "a bound without an algorithm");
}

/* concat's own arguments: its arrays, and what its channels come to. */
void test_concat_arrays(void)
{
    const clcnn_concat concat = right_desc(CONCAT).concat;
    static const int none[] = {2, 0}, many[] = {2, INT_MAX / 12};
    const clcnn_mem nowhere[2] = {{NULL, 0}, {NULL, 0}};
    double y[36] = {0};
    float x[24] = {0};
    const float *const parts[] = {x, x};
    double *const gradients[] = {y, y};
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        const struct {
            const char *what, *piece;
            const int *channels;
            clcnn_status status;
        } rows[] = {{"no channels", "channels is NULL", NULL, CLCNN_INVALID_ARGUMENT},
                    {"an input without channels", "input 1", none, CLCNN_INVALID_ARGUMENT},
                    {"too many channels", "limit", many, CLCNN_UNSUPPORTED}};
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            clcnn_concat d = concat;
            d.channels = rows[k].channels;
            const clcnn_status forward = clcnn_concat_forward(ctx, &d, nowhere, nowhere[0]);
            CHECK(forward == rows[k].status &&
                      strstr(clcnn_last_error(ctx)->message, rows[k].piece),
                  "%s: %s, \"%s\"", rows[k].what, clcnn_status_name(forward),
                  clcnn_last_error(ctx)->message);
            CHECK(clcnn_concat_backward(ctx, &d, nowhere[0], nowhere) == rows[k].status,
                  "%s, backward", rows[k].what);
            CHECK(rows[k].status == CLCNN_UNSUPPORTED ||
                      (clcnn_ref_concat_forward(&d, parts, y) == CLCNN_INVALID_ARGUMENT &&
                       clcnn_ref_concat_backward(&d, x, gradients, NULL) == CLCNN_INVALID_ARGUMENT),
                  "%s: the reference takes it", rows[k].what);
        }
        CHECK(clcnn_concat_forward(ctx, &concat, NULL, nowhere[0]) == CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(ctx)->message, "array x"),
              "no array x: \"%s\"", clcnn_last_error(ctx)->message);
        CHECK(clcnn_concat_backward(ctx, &concat, nowhere[0], NULL) == CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(ctx)->message, "array dx"),
              "no array dx: \"%s\"", clcnn_last_error(ctx)->message);
    }
    CHECK(clcnn_ref_concat_forward(&concat, NULL, y) == CLCNN_INVALID_ARGUMENT, "no array x");
    CHECK(clcnn_ref_concat_backward(&concat, x, NULL, NULL) == CLCNN_INVALID_ARGUMENT,
          "no array dx");
}

void test_schedules(void)
{
    static const struct {
        const char *what, *piece;
        clcnn_schedule d;
        int64_t step;
    } rows[] = {{"kind -1", "-1", {.kind = (clcnn_schedule_kind)-1, .lr = 1}, 1},
                {"kind 3", "3", {.kind = (clcnn_schedule_kind)3, .lr = 1}, 1},
                {"lr < 0", "lr", {.lr = -1}, 1},
                {"lr NaN", "lr", {.lr = NAN}, 1},
                {"lr infinite", "lr", {.lr = INFINITY}, 1},
                {"warmup < 0", "-1", {.lr = 1, .warmup = -1}, 1},
                {"warmup too large", "warmup", {.lr = 1, .warmup = INT64_MAX}, 1},
                {"no period", "period", {.kind = CLCNN_SCHEDULE_STEP, .lr = 1}, 1},
                {"period < 0", "-2", {.kind = CLCNN_SCHEDULE_COSINE, .lr = 1, .period = -2}, 1},
                {"gamma < 0",
                 "gamma",
                 {.kind = CLCNN_SCHEDULE_STEP, .lr = 1, .period = 1, .gamma = -0.5},
                 1},
                {"gamma NaN",
                 "gamma",
                 {.kind = CLCNN_SCHEDULE_STEP, .lr = 1, .period = 1, .gamma = NAN},
                 1},
                {"min_lr < 0",
                 "min_lr",
                 {.kind = CLCNN_SCHEDULE_COSINE, .lr = 1, .period = 1, .min_lr = -1},
                 1},
                {"min_lr > lr",
                 "min_lr",
                 {.kind = CLCNN_SCHEDULE_COSINE, .lr = 1, .period = 1, .min_lr = 2},
                 1},
                {"min_lr NaN",
                 "min_lr",
                 {.kind = CLCNN_SCHEDULE_COSINE, .lr = 1, .period = 1, .min_lr = NAN},
                 1},
                {"step 0", "step", {.lr = 1}, 0},
                {"step < 0", "-5", {.lr = 1}, -5}};
    cover("clcnn_schedule_lr");
    clcnn_error error = {.message = ""};
    const clcnn_schedule right = {.lr = 1};
    double lr = -17;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const clcnn_status status = clcnn_schedule_lr(&rows[i].d, rows[i].step, &lr, &error);
        CHECK(status == CLCNN_INVALID_ARGUMENT && strstr(error.message, rows[i].piece),
              "schedule, %s: %s, \"%s\"", rows[i].what, clcnn_status_name(status), error.message);
        CHECK(clcnn_schedule_lr(&rows[i].d, rows[i].step, &lr, NULL) == CLCNN_INVALID_ARGUMENT,
              "schedule, %s: no error struct", rows[i].what);
    }
    CHECK(clcnn_schedule_lr(NULL, 1, &lr, &error) == CLCNN_INVALID_ARGUMENT, "no descriptor");
    CHECK(clcnn_schedule_lr(&right, 1, NULL, &error) == CLCNN_INVALID_ARGUMENT, "no lr");
    CHECK(!(lr > -17) && !(lr < -17), "lr was written to");
    CHECK(clcnn_schedule_lr(&right, 1, &lr, NULL) == CLCNN_SUCCESS && lr >= 1, "the right call");
}

void test_devices(void)
{
    cover("clcnn_devices");
    clcnn_error error = {.message = ""};
    size_t count = 77;
    clcnn_device_info info;
    memset(&info, 0x5a, sizeof info);
    clcnn_device_info before = info;
    CHECK(clcnn_devices(&info, 1, NULL, &error) == CLCNN_INVALID_ARGUMENT, "count is NULL");
    CHECK(strstr(error.message, "count"), "\"%s\" does not name count", error.message);
    CHECK(memcmp(&info, &before, sizeof info) == 0, "infos was written to");
    CHECK(clcnn_devices(NULL, 3, &count, &error) == CLCNN_INVALID_ARGUMENT, "infos is NULL");
    CHECK(strstr(error.message, "infos") && strstr(error.message, "3"), "\"%s\"", error.message);
    CHECK(count == 77, "count was written to");
    CHECK(clcnn_devices(NULL, 3, &count, NULL) == CLCNN_INVALID_ARGUMENT, "no error struct");
    CHECK(clcnn_devices(NULL, 0, &count, NULL) == CLCNN_SUCCESS && count > 0, "the right call");
}

void test_contexts(void)
{
    cover("clcnn_ctx_create");
    cover("clcnn_ctx_open");
    cover("clcnn_ctx_destroy");
    clcnn_error error = {.message = ""};
    clcnn_ctx *ctx = NULL;
    CHECK(clcnn_ctx_create(&ctx, NULL, &error) == CLCNN_INVALID_ARGUMENT, "queue is NULL");
    CHECK(strstr(error.message, "queue") && ctx == NULL, "\"%s\"", error.message);
    CHECK(clcnn_ctx_create(&ctx, NULL, NULL) == CLCNN_INVALID_ARGUMENT, "no error struct");
    CHECK(clcnn_ctx_open(NULL, "", &error) == CLCNN_INVALID_ARGUMENT, "ctx is NULL");
    CHECK(strstr(error.message, "ctx"), "\"%s\"", error.message);
    for (int i = 0; i < harness_device_count(); i++) {
        cl_command_queue queue = clcnn_ctx_queue(harness_ctx(i));
        CHECK(clcnn_ctx_create(NULL, queue, &error) == CLCNN_INVALID_ARGUMENT, "ctx is NULL");
        CHECK(strstr(error.message, "ctx"), "\"%s\"", error.message);
    }
    static const char *const nowhere[] = {"no such device", "99:0", "0:99", "-1:0", "0:", ":0",
                                          "0:0:0",          "%s%n"};
    for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
        CHECK(clcnn_ctx_open(&ctx, nowhere[i], &error) == CLCNN_NO_DEVICE, "\"%s\" opens",
              nowhere[i]);
        CHECK(strstr(error.message, nowhere[i]) && ctx == NULL, "\"%s\"", error.message);
        CHECK(clcnn_ctx_open(&ctx, nowhere[i], NULL) == CLCNN_NO_DEVICE, "no error struct");
    }
    clcnn_ctx_destroy(NULL);
}

void test_accessors(void)
{
    cover("clcnn_ctx_queue");
    cover("clcnn_ctx_context");
    cover("clcnn_ctx_device");
    cover("clcnn_ctx_device_info");
    cover("clcnn_ctx_programs_built");
    cover("clcnn_ctx_warm_up");
    cover("clcnn_last_error");
    CHECK(clcnn_ctx_queue(NULL) == NULL, "a queue of nothing");
    CHECK(clcnn_ctx_context(NULL) == NULL, "a context of nothing");
    CHECK(clcnn_ctx_device(NULL) == NULL, "a device of nothing");
    CHECK(clcnn_ctx_device_info(NULL) == NULL, "information on nothing");
    CHECK(clcnn_ctx_programs_built(NULL) == 0, "programs of nothing");
    CHECK(clcnn_ctx_warm_up(NULL, 1) == CLCNN_INVALID_ARGUMENT, "nothing warms up");
    cover("clcnn_ctx_watch");
    CHECK(clcnn_ctx_watch(NULL, NULL, NULL) == CLCNN_INVALID_ARGUMENT, "nothing is watched");
    const clcnn_error *error = clcnn_last_error(NULL);
    CHECK(error && error->status == CLCNN_INVALID_ARGUMENT && strstr(error->message, "NULL"),
          "the last error of nothing");
}

void test_tuning(void)
{
    cover("clcnn_ctx_tune");
    CHECK(clcnn_ctx_tune(NULL, "conv2d", NULL) == CLCNN_INVALID_ARGUMENT, "ctx is NULL");
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        static const char *const bad[] = {NULL, "", "no-such-op", "%s%n"};
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            CHECK(clcnn_ctx_tune(ctx, bad[k], "") == CLCNN_INVALID_ARGUMENT, "rows for \"%s\"",
                  bad[k] ? bad[k] : "NULL");
            CHECK(strstr(clcnn_last_error(ctx)->message, bad[k] ? bad[k] : "NULL"), "\"%s\"",
                  clcnn_last_error(ctx)->message);
        }
        CHECK(clcnn_ctx_tune(ctx, "conv2d", NULL) == CLCNN_SUCCESS, "nothing to take away");
    }
}

void test_tuning_files(void)
{
    cover("clcnn_ctx_tune_file");
    cover("clcnn_ctx_tuned_rows");
    CHECK(clcnn_ctx_tuned_rows(NULL) == 0, "rows of nothing");
    CHECK(clcnn_ctx_tune_file(NULL, "") == CLCNN_INVALID_ARGUMENT, "ctx is NULL");
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        CHECK(clcnn_ctx_tune_file(ctx, NULL) == CLCNN_INVALID_ARGUMENT, "path is NULL");
        static const char *const bad[] = {"", "/no/such/file", "/", "/dev/zero"};
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            CHECK(clcnn_ctx_tune_file(ctx, bad[k]) == CLCNN_BAD_FILE, "\"%s\" is a file", bad[k]);
            CHECK(strstr(clcnn_last_error(ctx)->message, bad[k]), "\"%s\"",
                  clcnn_last_error(ctx)->message);
        }
    }
}

void test_tuning_row(void)
{
    cover("clcnn_ctx_tuning");
    char text[1024] = "untouched";
    CHECK(clcnn_ctx_tuning(NULL, "conv2d", "tile", NULL, text, sizeof text) ==
              CLCNN_INVALID_ARGUMENT,
          "ctx is NULL");
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        const struct {
            const char *op, *algo;
            char *text;
            size_t size;
            clcnn_status status;
        } bad[] = {
            {NULL, "tile", text, sizeof text, CLCNN_INVALID_ARGUMENT},
            {"no-such-op", "tile", text, sizeof text, CLCNN_INVALID_ARGUMENT},
            {"conv2d", NULL, text, sizeof text, CLCNN_INVALID_ARGUMENT},
            {"conv2d", "tile", NULL, 0, CLCNN_INVALID_ARGUMENT},
            {"conv2d", "no-such-algo", text, sizeof text, CLCNN_UNSUPPORTED},
        };
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            const clcnn_status status =
                clcnn_ctx_tuning(ctx, bad[k].op, bad[k].algo, NULL, bad[k].text, bad[k].size);
            CHECK(status == bad[k].status, "row %zu gives %s", k, clcnn_status_name(status));
            CHECK(strcmp(text, "untouched") == 0, "row %zu writes \"%s\"", k, text);
        }
        char small[8];
        CHECK(clcnn_ctx_tuning(ctx, "conv2d", "tile", "wide", small, sizeof small) ==
                  CLCNN_INVALID_ARGUMENT,
              "a row fits into %zu bytes", sizeof small);
        CHECK(strstr(clcnn_last_error(ctx)->message, "8 bytes"), "\"%s\"",
              clcnn_last_error(ctx)->message);
    }
}
