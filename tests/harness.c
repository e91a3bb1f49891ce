/*
 * Test harness on top of CUnit: see harness.h. Devices are opened once per program and closed
 * before it ends, never by an exit handler.
 */
#include "harness.h"

#include <CUnit/Basic.h>
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEVICES = 32 };

static struct {
    bool opened;
    int count;
    clcnn_ctx *ctx[MAX_DEVICES];
    char name[MAX_DEVICES][260];
} devices;

bool harness_check(bool ok, const char *file, int line, const char *format, ...)
{
    char sentence[2048] = "";
    if (!ok) {
        va_list args;
        va_start(args, format);
        vsnprintf(sentence, sizeof sentence, format, args);
        va_end(args);
    }
    CU_assertImplementation(ok ? CU_TRUE : CU_FALSE, (unsigned int)line, sentence, file, "",
                            CU_FALSE);
    return ok;
}

uint64_t harness_seed(void)
{
    const char *text = getenv("CLCNN_TEST_SEED");
    return text && *text ? strtoull(text, NULL, 0) : 20240229u;
}

bool harness_short(void)
{
    const char *text = getenv("CLCNN_TEST_SHORT");
    return text && strcmp(text, "1") == 0;
}

/* Adds the rows of a .tune file that have vectors as a device of this native width would have them:
 * its own first, then those for any width. */
static void pretend_width(clcnn_ctx *ctx, const char *op, const char *path, long width)
{
    char line[512], word[3][64], rows[16384] = "";
    size_t used = 0;
    bool vectors = false;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file) && used < sizeof rows) {
        int rest = 0;
        if (sscanf(line, "%63s %63s %63s%n", word[0], word[1], word[2], &rest) != 3 ||
            word[0][0] == '#')
            continue;
        if (strcmp(word[0], "algo") == 0)
            vectors = strstr(line, " VEC ") || strstr(line, " MAX_VEC ");
        if (!vectors)
            continue;
        const bool number = isdigit((unsigned char)word[2][0]);
        if (!number || strtol(word[2], NULL, 10) == width)
            used += (size_t)snprintf(rows + used, sizeof rows - used, "%s %s %s%s", word[0],
                                     word[1], number ? "*" : word[2], line + rest);
    }
    CHECK(file && used > 0 && used < sizeof rows, "%s can't be read, or has %zu bytes", path, used);
    if (file)
        fclose(file);
    CHECK(clcnn_ctx_tune(ctx, op, rows) == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
}

/* For one operation, or all of them (NULL). */
static void pretend_widths(clcnn_ctx *ctx, const char *only)
{
    static const char end[] = ".tune";
    const char *text = getenv("CLCNN_TEST_WIDTH");
    const long width = text ? strtol(text, NULL, 10) : 0;
    DIR *folder = width > 0 ? opendir(TESTS_DIR "/../kernels") : NULL;
    CHECK(!text || (width > 0 && folder), "CLCNN_TEST_WIDTH is \"%s\", or there are no kernels",
          text ? text : "");
    int files = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char op[64], path[512];
        snprintf(op, sizeof op, "%.63s", entry->d_name);
        const size_t length = strlen(op);
        if (length < sizeof end || strcmp(op + length - (sizeof end - 1), end) != 0)
            continue;
        op[length - (sizeof end - 1)] = '\0';
        if (only && strcmp(only, op) != 0)
            continue;
        snprintf(path, sizeof path, "%s/../kernels/%.255s", TESTS_DIR, entry->d_name);
        pretend_width(ctx, op, path, width);
        files++;
    }
    CHECK(!folder || only || files > 0, "there are no tuning rows in %s/../kernels", TESTS_DIR);
    if (folder)
        closedir(folder);
}

/* In the short set, convolutions get tiles so small that a simulator gets through them, whatever
 * the device would take; but not where a width is what is tested. */
static void small_tiles(clcnn_ctx *ctx)
{
    static const char rows[] = "algo device width shape use VEC VECS PIX RUN NEAR\n"
                               "tile * * * 1 4 1 3 0 1\n"
                               "algo device width shape use VEC VECS PIX CHANNELS FUSE CHUNK\n"
                               "winograd * * * 1 4 1 3 16 8 8\n"
                               "algo device width shape use VEC SUMS CHANNELS NEAR\n"
                               "row  * * * 1 4 4 8 4\n"
                               "algo device width shape use WM WN PM PN TK\n"
                               "gemm * * * 1 4 4 4 2 4\n";
    if (harness_short() && !getenv("CLCNN_TEST_WIDTH"))
        CHECK(clcnn_ctx_tune(ctx, "conv2d", rows) == CLCNN_SUCCESS, "%s",
              clcnn_last_error(ctx)->message);
}

void harness_own_rows(clcnn_ctx *ctx, const char *op)
{
    pretend_widths(ctx, op);
    if (!op || strcmp(op, "conv2d") == 0)
        small_tiles(ctx);
}

static void open_device(const char *selector)
{
    clcnn_error error = {.message = ""};
    clcnn_ctx *ctx = NULL;
    const clcnn_status status = clcnn_ctx_open(&ctx, selector, &error);
    if (!CHECK(status == CLCNN_SUCCESS, "device \"%s\" does not open: %s: %s", selector,
               clcnn_status_name(status), error.message))
        return;
    const clcnn_device_info *info = clcnn_ctx_device_info(ctx);
    devices.ctx[devices.count] = ctx;
    snprintf(devices.name[devices.count], sizeof devices.name[0], "%s: %s", info->platform_name,
             info->name);
    devices.count++;
    harness_own_rows(ctx, NULL);
}

static void open_all(void)
{
    clcnn_device_info infos[MAX_DEVICES];
    clcnn_error error = {.message = ""};
    size_t count = 0;
    const clcnn_status status = clcnn_devices(infos, MAX_DEVICES, &count, &error);
    if (!CHECK(status == CLCNN_SUCCESS, "the devices can't be listed: %s: %s",
               clcnn_status_name(status), error.message))
        return;
    CHECK(count <= MAX_DEVICES, "%zu devices are more than this harness holds", count);
    for (size_t i = 0; i < count && i < MAX_DEVICES; i++) {
        char selector[32];
        if (!infos[i].device)
            continue;
        snprintf(selector, sizeof selector, "%d:%d", infos[i].platform_index,
                 infos[i].device_index);
        open_device(selector);
    }
}

int harness_device_count(void)
{
    if (!devices.opened) {
        const char *only = getenv("CLCNN_TEST_DEVICE");
        devices.opened = true;
        if (only && *only)
            open_device(only);
        else
            open_all();
    }
    CHECK(devices.count > 0, "there is no OpenCL device to test on; PoCL is one that every "
                             "machine can have (package pocl-opencl-icd)");
    return devices.count;
}

clcnn_ctx *harness_ctx(int i)
{
    return devices.ctx[i];
}

const char *harness_device_name(int i)
{
    return devices.name[i];
}

static void close_devices(void)
{
    for (int i = 0; i < devices.count; i++) {
        clFinish(clcnn_ctx_queue(devices.ctx[i]));
        clcnn_ctx_destroy(devices.ctx[i]);
    }
    devices.count = 0;
}

int harness_run(const char *suite, const harness_test *tests)
{
    unsetenv("CLCNN_TUNE"); /* a user's own rows are not what is tested */
    if (CU_initialize_registry() != CUE_SUCCESS) {
        fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
        return 1;
    }
    CU_pSuite s = CU_add_suite(suite, NULL, NULL);
    bool built = s != NULL;
    for (const harness_test *t = tests; built && t->name; t++)
        built = CU_add_test(s, t->name, t->run) != NULL;
    if (!built) {
        fprintf(stderr, "CUnit: %s\n", CU_get_error_msg());
        CU_cleanup_registry();
        return 1;
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    const bool ran = CU_basic_run_tests() == CUE_SUCCESS;
    const bool passed =
        ran && CU_get_number_of_failure_records() == 0 && CU_get_number_of_asserts() > 0;
    if (!passed)
        printf("%s failed; CLCNN_TEST_SEED=%" PRIu64 " replays it\n", suite, harness_seed());
    close_devices();
    CU_cleanup_registry();
    return passed ? 0 : 1;
}
