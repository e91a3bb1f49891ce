/*
 * Files of tuning rows: sections by operation, rows for one device, what is wrong with a file, and
 * the environment variable that names one. (tests/context.c has the rows themselves.)
 */
#include "harness.h"
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ELEMENTS "algo device width shape use VEC ITEM LOCAL\n"
#define TILE "algo device width shape use VEC VECS PIX RUN NEAR\n"

static clcnn_ctx *fresh(int i)
{
    clcnn_ctx *ctx = NULL;
    clcnn_error error = {.message = ""};
    CHECK(clcnn_ctx_create(&ctx, clcnn_ctx_queue(harness_ctx(i)), &error) == CLCNN_SUCCESS, "%s",
          error.message);
    return ctx;
}

/* Whether the row in force has these values behind its shape: "1 8 64 1". */
static void check_row(clcnn_ctx *ctx, const char *op, const char *algo, const char *shape,
                      const char *values)
{
    char text[1024] = "";
    const clcnn_status status = clcnn_ctx_tuning(ctx, op, algo, shape, text, sizeof text);
    char end[128];
    snprintf(end, sizeof end, " %s %s\n", shape ? shape : "*", values);
    const size_t length = strlen(text);
    CHECK(status == CLCNN_SUCCESS && length > strlen(end) &&
              strcmp(text + length - strlen(end), end) == 0,
          "%s %s: \"%s\" does not end in \"%s\"", op, algo, text, end);
}

static void check_built_in(clcnn_ctx *ctx, const char *op, const char *algo, const char *shape)
{
    char text[1024] = "", own[1024] = "";
    clcnn_ctx *plain = NULL;
    CHECK(clcnn_ctx_create(&plain, clcnn_ctx_queue(ctx), NULL) == CLCNN_SUCCESS, "a context");
    CHECK(clcnn_ctx_tuning(plain, op, algo, shape, own, sizeof own) == CLCNN_SUCCESS &&
              clcnn_ctx_tuning(ctx, op, algo, shape, text, sizeof text) == CLCNN_SUCCESS &&
              strcmp(text, own) == 0,
          "%s %s: \"%s\", built in is \"%s\"", op, algo, text, own);
    clcnn_ctx_destroy(plain);
}

static clcnn_status read_file(clcnn_ctx *ctx, const char *text)
{
    scratch_write("rows", text, strlen(text));
    return clcnn_ctx_tune_file(ctx, scratch_path("rows"));
}

/* ---- Sections ----------------------------------------------------------------------------------
 */

static void test_sections(void)
{
    static const char text[] = "# two operations, one of them in two places\n"
                               "op activation\n" ELEMENTS "direct * * * 1 8 64 1\n"
                               "\top conv2d # and a comment\r\n" TILE "tile * * wide 0 4 3 5 0 4\n"
                               "algo device width shape use SUMS NEAR VEC CHANNELS\n"
                               "row * * * 1 12 16 4 9\n"
                               "op adam\n" ELEMENTS "direct * * * 1 4 32 2\n"
                               "op activation\n" ELEMENTS "direct * * * 1 16 16 3\n";
    scratch_begin();
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        CHECK(clcnn_ctx_tuned_rows(ctx) == 0, "rows before there are any");
        CHECK(read_file(ctx, text) == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
        CHECK(clcnn_ctx_tuned_rows(ctx) == 5, "%zu rows", clcnn_ctx_tuned_rows(ctx));
        check_row(ctx, "activation", "direct", NULL, "1 8 64 1");
        check_row(ctx, "conv2d", "tile", "wide", "0 4 3 5 0 4");
        check_built_in(ctx, "conv2d", "tile", "thin");
        check_row(ctx, "conv2d", "row", "long", "1 12 16 4 9");
        check_row(ctx, "adam", "direct", NULL, "1 4 32 2");
        check_built_in(ctx, "sgd", "direct", NULL);

        /* One operation's rows are taken away, the others stay; newer rows come first. */
        CHECK(clcnn_ctx_tune(ctx, "activation", NULL) == CLCNN_SUCCESS, "taking rows away");
        CHECK(clcnn_ctx_tuned_rows(ctx) == 3, "%zu rows", clcnn_ctx_tuned_rows(ctx));
        check_built_in(ctx, "activation", "direct", NULL);
        check_row(ctx, "adam", "direct", NULL, "1 4 32 2");
        CHECK(clcnn_ctx_tune(ctx, "sgd",
                             ELEMENTS "direct * * * 1 8 8 8\nop adam\n" ELEMENTS
                                      "direct * * * 1 8 8 7\n") == CLCNN_SUCCESS,
              "%s", clcnn_last_error(ctx)->message);
        check_row(ctx, "sgd", "direct", NULL, "1 8 8 8");
        check_row(ctx, "adam", "direct", NULL, "1 8 8 7");
        clcnn_ctx_destroy(ctx);
    }
    scratch_end();
}

/* What clcnn_ctx_tuning writes, clcnn_ctx_tune reads: for every algorithm of every operation. */
static void test_round_trip(void)
{
    static const struct {
        const char *op, *algo, *shape;
    } rows[] = {{"conv2d", "tile", "thin"},    {"conv2d", "row", "long"},
                {"conv2d", "gemm", NULL},      {"conv2d", "direct", NULL},
                {"maxpool2d", "rows", NULL},   {"adaptive_avgpool2d", "global", NULL},
                {"batchnorm", "direct", NULL}, {"softmax", "direct", NULL},
                {"avgpool2d", "direct", NULL}, {"layernorm", "direct", NULL}};
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            char before[1024] = "", after[1024] = "";
            clcnn_ctx_tuning(ctx, rows[k].op, rows[k].algo, rows[k].shape, before, sizeof before);
            CHECK(clcnn_ctx_tune(ctx, rows[k].op, before) == CLCNN_SUCCESS, "%s: %s", before,
                  clcnn_last_error(ctx)->message);
            CHECK(clcnn_ctx_tuned_rows(ctx) == k + 1, "\"%s\" is not for this device", before);
            clcnn_ctx_tuning(ctx, rows[k].op, rows[k].algo, rows[k].shape, after, sizeof after);
            CHECK(strlen(before) > 0 && strcmp(before, after) == 0, "\"%s\" became \"%s\"", before,
                  after);
        }
        clcnn_ctx_destroy(ctx);
    }
}

/* Weights that were packed by other rows are refused: they lie otherwise. Nothing is enqueued. */
static void test_packed_before(void)
{
    static const clcnn_conv2d d = {.n = 1, .c = 4, .h = 8, .w = 8, .k = 40, .r = 3, .s = 3};
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        clcnn_plan plan;
        CHECK(clcnn_conv2d_plan(ctx, &d, CLCNN_FORWARD, "tile", CLCNN_ANY_WORKSPACE, &plan) ==
                  CLCNN_SUCCESS,
              "%s", clcnn_last_error(ctx)->message);
        const size_t bytes = plan.packed_bytes + plan.workspace_bytes + 65536;
        void *zeros = calloc(1, bytes);
        cl_mem memory = clCreateBuffer(
            clcnn_ctx_context(ctx), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, zeros, NULL);
        free(zeros);
        CHECK(memory != NULL, "no buffer of zeros");
        const size_t packed = plan.packed_bytes / 4, workspace = plan.workspace_bytes / 4;
        const clcnn_mem w = {memory, packed + workspace}, x = {memory, w.offset + 1440},
                        y = {memory, x.offset + 256};
        plan.packed = (clcnn_mem){memory, 0};
        plan.workspace = (clcnn_mem){memory, packed};
        CHECK(clcnn_conv2d_pack(ctx, &d, CLCNN_FORWARD, w, &plan) == CLCNN_SUCCESS &&
                  clcnn_conv2d_forward(ctx, &d, x, w, CLCNN_NO_MEM, y, &plan) == CLCNN_SUCCESS,
              "%s", clcnn_last_error(ctx)->message);
        CHECK(clcnn_ctx_tune(ctx, "conv2d", TILE "tile * * * 1 4 1 2 0 4\n") == CLCNN_SUCCESS, "%s",
              clcnn_last_error(ctx)->message);
        CHECK(clcnn_conv2d_forward(ctx, &d, x, w, CLCNN_NO_MEM, y, &plan) == CLCNN_INVALID_ARGUMENT,
              "weights packed by other rows are taken");
        CHECK(clcnn_conv2d_pack(ctx, &d, CLCNN_FORWARD, w, &plan) == CLCNN_INVALID_ARGUMENT,
              "a plan of other rows packs");
        CHECK(clcnn_ctx_tune(ctx, "conv2d", NULL) == CLCNN_SUCCESS &&
                  clcnn_conv2d_forward(ctx, &d, x, w, CLCNN_NO_MEM, y, &plan) ==
                      CLCNN_INVALID_ARGUMENT,
              "weights packed before rows came and went are taken");
        clFinish(clcnn_ctx_queue(ctx));
        clReleaseMemObject(memory);
        clcnn_ctx_destroy(ctx);
    }
}

/* ---- Devices -----------------------------------------------------------------------------------
 */

static void test_devices(void)
{
    scratch_begin();
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        const char *name = clcnn_ctx_device_info(ctx)->name;
        char text[1024];
        snprintf(text, sizeof text,
                 "device %s and more\nop sgd\n" ELEMENTS "direct * * * 1 4 4 1\n"
                 "device \t %s  \r\nop sgd\n" ELEMENTS "direct * * * 1 8 8 1\n"
                 "op adam\n" ELEMENTS "direct * * * 1 8 16 1\n"
                 "device no such # thing\nop activation\n" ELEMENTS "direct * * * 1 8 32 1\n"
                 "device *\nop rmsprop\n" ELEMENTS "direct * * * 1 8 24 1\n",
                 name, name);
        CHECK(read_file(ctx, text) == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
        CHECK(clcnn_ctx_tuned_rows(ctx) == 3, "%zu rows", clcnn_ctx_tuned_rows(ctx));
        check_row(ctx, "sgd", "direct", NULL, "1 8 8 1");
        check_row(ctx, "adam", "direct", NULL, "1 8 16 1");
        check_row(ctx, "rmsprop", "direct", NULL, "1 8 24 1");
        check_built_in(ctx, "activation", "direct", NULL);
        clcnn_ctx_destroy(ctx);
    }
    scratch_end();
}

/* ---- What is wrong -----------------------------------------------------------------------------
 */

static const struct {
    const char *text, *line, *word; /* what the message must have */
} bad[] = {
    {ELEMENTS "direct * * * 1 8 8 1\n", "line 1", "op"},
    {"op\n", "line 1", "\"op\""},
    {"op no_such_op\n", "line 1", "no_such_op"},
    {"op sgd adam\n", "line 1", "sgd"},
    {"# a comment\nop sgd\ndirect * * * 1 8 8 1\n", "line 3", "header"},
    {"op sgd\n" ELEMENTS "op adam\ndirect * * * 1 8 8 1\n", "line 4", "header"},
    {"op sgd\n" ELEMENTS "direct * * * 1 8 8 65537\n", "line 3", "column 8, \"65537\""},
    {"op sgd\n" ELEMENTS "direct * * * 1 8 8 one\n", "line 3", "column 8, \"one\""},
    {"op sgd\n" ELEMENTS "direct * * * yes 8 8 1\n", "line 3", "column 5, \"yes\""},
    {"op sgd\n" ELEMENTS "fast * * * 1 8 8 1\n", "line 3", "\"fast\""},
    {"op sgd\nalgo device width shape use VEC ITEM LOCALS\ndirect * * * 1 8 8 1\n", "line 3",
     "VEC ITEM LOCAL"},
    {"op sgd\nalgo device width shape use VEC ITEM\ndirect * * * 1 8 8\n", "line 3",
     "VEC ITEM LOCAL"},
    {"op conv2d\n" TILE "gemm * * * 1 8 8 1 0 4\n", "line 3", "WM WN PM PN TK"},
    {"op dense\n" TILE "tile * * * 1 8 1 1 0 4\n", "line 3", "dense has no tuning rows"},
    {"op sgd\nalgo device width shape use VEC VEC ITEM\ndirect * * * 1 8 8 8\n", "line 2",
     "columns 6 and 7 are both \"VEC\""},
    {"op conv2d\n" TILE "tile * * wode 1 8 1 1 0 4\n", "line 3", "column 4, \"wode\""},
    {"op sgd\ndevice\n", "line 2", "name"},
    /* What is for another device must be right all the same. */
    {"device no such thing\nop sgd\n" ELEMENTS "direct * * * 1 8 8\n", "line 4", "columns"},
};

static void test_bad_files(void)
{
    scratch_begin();
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            const clcnn_status status = read_file(ctx, bad[k].text);
            const char *message = clcnn_last_error(ctx)->message;
            CHECK(status == CLCNN_BAD_FILE, "%s gives %s", bad[k].text, clcnn_status_name(status));
            CHECK(strstr(message, scratch_path("rows")) && strstr(message, bad[k].line) &&
                      strstr(message, bad[k].word),
                  "\"%s\" lacks the file, \"%s\" or \"%s\"", message, bad[k].line, bad[k].word);
        }
        CHECK(clcnn_ctx_tuned_rows(ctx) == 0, "bad files left %zu rows", clcnn_ctx_tuned_rows(ctx));
        scratch_write("rows", "op sgd\n\0op adam\n", 16);
        CHECK(clcnn_ctx_tune_file(ctx, scratch_path("rows")) == CLCNN_BAD_FILE, "a zero byte");
        CHECK(read_file(ctx, "") == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
        clcnn_ctx_destroy(ctx);
    }
    scratch_end();
}

/* ---- The environment ---------------------------------------------------------------------------
 */

static clcnn_status create(int i, clcnn_ctx **ctx, clcnn_error *error)
{
    *ctx = NULL;
    *error = (clcnn_error){.message = ""};
    return clcnn_ctx_create(ctx, clcnn_ctx_queue(harness_ctx(i)), error);
}

static void test_environment(void)
{
    static const char good[] = "op sgd\n" ELEMENTS "direct * * * 1 8 8 1\n";
    static const char wrong[] = "op sgd\n\n" ELEMENTS "direct * * * 1 8 8 -1\n";
    scratch_begin();
    scratch_write("good", good, strlen(good));
    scratch_write("wrong", wrong, strlen(wrong));
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx;
        clcnn_error error;
        setenv("CLCNN_TUNE", scratch_path("good"), 1);
        CHECK(create(i, &ctx, &error) == CLCNN_SUCCESS, "%s", error.message);
        check_row(ctx, "sgd", "direct", NULL, "1 8 8 1");
        clcnn_ctx_destroy(ctx);

        setenv("CLCNN_TUNE", scratch_path("wrong"), 1);
        CHECK(create(i, &ctx, &error) == CLCNN_BAD_FILE && !ctx, "a wrong file passes");
        CHECK(strstr(error.message, scratch_path("wrong")) && strstr(error.message, "line 4") &&
                  strstr(error.message, "\"-1\""),
              "\"%s\"", error.message);

        setenv("CLCNN_TUNE", scratch_path("none"), 1);
        CHECK(create(i, &ctx, &error) == CLCNN_BAD_FILE && !ctx, "a missing file passes");
        CHECK(strstr(error.message, scratch_path("none")) && strstr(error.message, "No such file"),
              "\"%s\"", error.message);

        setenv("CLCNN_TUNE", "", 1);
        CHECK(create(i, &ctx, &error) == CLCNN_SUCCESS, "%s", error.message);
        CHECK(clcnn_ctx_tuned_rows(ctx) == 0, "rows from nowhere");
        clcnn_ctx_destroy(ctx);
        unsetenv("CLCNN_TUNE");
    }
    scratch_end();
}

int main(void)
{
    static const harness_test tests[] = {{"sections", test_sections},
                                         {"written and read", test_round_trip},
                                         {"packed before", test_packed_before},
                                         {"devices", test_devices},
                                         {"bad files", test_bad_files},
                                         {"the environment", test_environment},
                                         {NULL, NULL}};
    return harness_run("tuning_files", tests);
}
