/*
 * The core on its own: the list of devices, selectors, machines without devices (in a child
 * process, because a loader looks for its platforms once), the caller's queue, the cache of
 * programs, failed builds, warming up, and tuning rows.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COUNT = 100, MAX_INFOS = 64 };

/* ---------------------------------------------------------------------------------------------
 * Devices and selectors
 */
static size_t list(clcnn_device_info infos[MAX_INFOS])
{
    size_t count = 0;
    clcnn_error error = {.message = ""};
    CHECK(clcnn_devices(infos, MAX_INFOS, &count, &error) == CLCNN_SUCCESS, "%s", error.message);
    CHECK(count > 0 && count <= MAX_INFOS, "%zu entries", count);
    return count < MAX_INFOS ? count : MAX_INFOS;
}

static void test_list(void)
{
    static clcnn_device_info infos[MAX_INFOS], one[2];
    const size_t count = list(infos);
    for (size_t i = 0; i < count; i++) {
        const clcnn_device_info *info = &infos[i];
        CHECK(info->platform && info->platform_name[0], "entry %zu has no platform", i);
        CHECK(info->platform_index >= (i ? infos[i - 1].platform_index : 0), "entry %zu: order", i);
        CHECK((info->device == NULL) == (info->device_index == -1), "entry %zu: device_index %d", i,
              info->device_index);
        if (!info->device)
            continue;
        CHECK(info->name[0] && info->version[0] && info->driver[0] && info->c_version[0],
              "entry %zu lacks a text", i);
        CHECK(strncmp(info->version, "OpenCL ", 7) == 0, "entry %zu: version %s", i, info->version);
        CHECK(info->global_memory > 0 && info->max_allocation > 0 && info->local_memory > 0 &&
                  info->compute_units > 0 && info->max_work_group > 0,
              "entry %zu (%s): a size is 0", i, info->name);
        for (int d = 0; d < 3; d++)
            CHECK(info->max_work_items[d] > 0, "entry %zu: max_work_items[%d] is 0", i, d);
    }

    /* Room for fewer entries: they are the first ones, and nothing is written behind them. */
    size_t again = 0;
    memset(one, 0x5a, sizeof one);
    CHECK(clcnn_devices(one, 1, &again, NULL) == CLCNN_SUCCESS && again == count, "%zu, not %zu",
          again, count);
    CHECK(one[0].device == infos[0].device && strcmp(one[0].name, infos[0].name) == 0, "entry 0");
    static const unsigned char untouched[4] = {0x5a, 0x5a, 0x5a, 0x5a};
    CHECK(memcmp(&one[1], untouched, sizeof untouched) == 0, "written behind the array");
}

/* The rule of clcnn_ctx_open, in other words. */
static const clcnn_device_info *best_of(const clcnn_device_info *infos, size_t count)
{
    const clcnn_device_info *best = NULL;
    double most = -1;
    for (size_t i = 0; i < count; i++) {
        double rank = infos[i].type & CL_DEVICE_TYPE_GPU           ? 2e15
                      : infos[i].type & CL_DEVICE_TYPE_ACCELERATOR ? 1e15
                                                                   : 0;
        double worth = rank + (double)infos[i].compute_units * infos[i].clock_mhz;
        if (infos[i].device && worth > most) {
            best = &infos[i];
            most = worth;
        }
    }
    return best;
}

static void expect_open(const char *selector, const clcnn_device_info *expected)
{
    clcnn_ctx *ctx = NULL;
    clcnn_error error = {.message = ""};
    const clcnn_status status = clcnn_ctx_open(&ctx, selector, &error);
    if (!CHECK(status == CLCNN_SUCCESS, "\"%s\": %s", selector ? selector : "NULL", error.message))
        return;
    const clcnn_device_info *info = clcnn_ctx_device_info(ctx);
    CHECK(info->platform_index == expected->platform_index &&
              info->device_index == expected->device_index &&
              strcmp(info->name, expected->name) == 0,
          "\"%s\" opens %d:%d %s, not %d:%d %s", selector ? selector : "NULL", info->platform_index,
          info->device_index, info->name, expected->platform_index, expected->device_index,
          expected->name);
    cl_device_id device = NULL;
    clGetCommandQueueInfo(clcnn_ctx_queue(ctx), CL_QUEUE_DEVICE, sizeof device, &device, NULL);
    CHECK(device == clcnn_ctx_device(ctx) && device == info->device, "queue and device differ");
    cl_context context = NULL;
    clGetCommandQueueInfo(clcnn_ctx_queue(ctx), CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
    CHECK(context == clcnn_ctx_context(ctx), "queue and context differ");
    CHECK(clcnn_last_error(ctx)->status == CLCNN_SUCCESS, "an error before the first call");
    CHECK(clcnn_ctx_programs_built(ctx) == 0, "programs before the first call");
    clcnn_ctx_destroy(ctx);
}

static void test_selectors(void)
{
    static clcnn_device_info infos[MAX_INFOS];
    const size_t count = list(infos);
    const clcnn_device_info *best = best_of(infos, count);
    if (!CHECK(best, "no device"))
        return;
    expect_open("", best);
    expect_open(NULL, best);
    static const struct {
        const char *word;
        cl_device_type type;
    } types[] = {{"cpu", CL_DEVICE_TYPE_CPU},
                 {"gpu", CL_DEVICE_TYPE_GPU},
                 {"accelerator", CL_DEVICE_TYPE_ACCELERATOR}};
    for (size_t t = 0; t < 3; t++) {
        static clcnn_device_info some[MAX_INFOS];
        size_t matching = 0;
        for (size_t i = 0; i < count; i++)
            if (infos[i].device && infos[i].type & types[t].type)
                some[matching++] = infos[i];
        clcnn_ctx *ctx = NULL;
        if (matching > 0)
            expect_open(types[t].word, best_of(some, matching));
        else
            CHECK(clcnn_ctx_open(&ctx, types[t].word, NULL) == CLCNN_NO_DEVICE, "%s opens",
                  types[t].word);
    }
    for (size_t i = 0; i < count; i++) {
        char selector[32];
        snprintf(selector, sizeof selector, "%d:%d", infos[i].platform_index,
                 infos[i].device_index);
        if (infos[i].device)
            expect_open(selector, &infos[i]);
    }
}

/* A word of the device's name in other capitals, and a word that is nowhere. */
static void test_words(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        const clcnn_device_info *info = clcnn_ctx_device_info(harness_ctx(i));
        char word[sizeof info->name];
        snprintf(word, sizeof word, "%s", info->name);
        for (char *at = word; *at; at++)
            if (*at >= 'a' && *at <= 'z')
                *at = (char)(*at - 'a' + 'A');
        clcnn_ctx *ctx = NULL;
        clcnn_error error = {.message = ""};
        CHECK(clcnn_ctx_open(&ctx, word, &error) == CLCNN_SUCCESS, "\"%s\": %s", word,
              error.message);
        CHECK(ctx && strcmp(clcnn_ctx_device_info(ctx)->name, info->name) == 0, "another device");
        clcnn_ctx_destroy(ctx);

        ctx = NULL;
        CHECK(clcnn_ctx_open(&ctx, "no-such-word", &error) == CLCNN_NO_DEVICE, "it opens");
        CHECK(error.status == CLCNN_NO_DEVICE && error.file[0] && error.line > 0, "error struct");
        static const char *const pieces[] = {"no-such-word", "OCL_ICD_VENDORS", NULL};
        for (int k = 0; pieces[k]; k++)
            CHECK(strstr(error.message, pieces[k]), "\"%s\" is not in \"%s\"", pieces[k],
                  error.message);
        CHECK(strstr(error.message, info->platform_name) && strstr(error.message, info->name),
              "the platforms seen are not in \"%s\"", error.message);
    }
}

/* ---------------------------------------------------------------------------------------------
 * Machines without devices
 */

/* The child's side: opens a device and says how that went. */
static int open_and_tell(const char *selector)
{
    clcnn_ctx *ctx = NULL;
    clcnn_error error = {.message = ""};
    size_t count = 77;
    const clcnn_status listed = clcnn_devices(NULL, 0, &count, NULL);
    const clcnn_status status = clcnn_ctx_open(&ctx, selector, &error);
    printf("%s|%zu|%s|%s\n", clcnn_status_name(listed), count, clcnn_status_name(status),
           status == CLCNN_SUCCESS ? clcnn_ctx_device_info(ctx)->platform_name : error.message);
    clcnn_ctx_destroy(ctx);
    return 0;
}

/* A child under `environment`; its line must hold all the pieces. A simulator's preloaded library
 * would stand in for the loader, so it stays out. */
static void expect_child(const char *environment, const char *const *pieces)
{
    char command[1024], self[512], line[4096] = "";
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (!CHECK(length > 0, "the program does not find itself"))
        return;
    self[length] = '\0';
    snprintf(command, sizeof command, "env -u LD_PRELOAD -u RUSTICL_ENABLE %s '%s' --open",
             environment, self);
    FILE *child = popen(command, "r");
    if (child && !fgets(line, sizeof line, child))
        line[0] = '\0';
    CHECK(child && pclose(child) == 0, "%s failed", command);
    for (int i = 0; pieces[i]; i++)
        CHECK(strstr(line, pieces[i]), "with %s: \"%s\" is not in \"%s\"", environment, pieces[i],
              line);
}

static void test_no_devices(void)
{
    static const char *const none[] = {"CLCNN_NO_DEVICE|0|CLCNN_NO_DEVICE|",
                                       "no OpenCL platform",
                                       "OCL_ICD_VENDORS",
                                       "/nonexistent",
                                       "pocl.icd",
                                       NULL};
    expect_child("OCL_ICD_VENDORS=/nonexistent", none);
    /* Two platforms that have no device: Mesa's Clover, and rusticl while it is not enabled. Both
     * drivers leak when they are loaded (128 and 72 bytes), which is not what a sanitizer is for.
     */
    static const char *const clover[] = {"CLCNN_SUCCESS|1|CLCNN_NO_DEVICE|", "Clover", "no devices",
                                         "mesa.icd", NULL};
    expect_child("ASAN_OPTIONS=detect_leaks=0 OCL_ICD_VENDORS=mesa.icd", clover);
    static const char *const rusticl[] = {"CLCNN_SUCCESS|1|CLCNN_NO_DEVICE|", "rusticl",
                                          "no devices", "OCL_ICD_VENDORS", NULL};
    expect_child("ASAN_OPTIONS=detect_leaks=0 OCL_ICD_VENDORS=rusticl.icd", rusticl);
    /* One is passed over where another platform has a device. */
    char folder[] = "vendors-XXXXXX", setting[128], path[64];
    if (!CHECK(mkdtemp(folder) != NULL, "no folder for vendor files"))
        return;
    static const char *const files[] = {"mesa.icd", "pocl.icd"};
    for (int i = 0; i < 2; i++) {
        char target[64];
        snprintf(target, sizeof target, "/etc/OpenCL/vendors/%s", files[i]);
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        CHECK(symlink(target, path) == 0, "no link to %s", target);
    }
    static const char *const both[] = {"CLCNN_SUCCESS|2|CLCNN_SUCCESS|Portable", NULL};
    snprintf(setting, sizeof setting, "ASAN_OPTIONS=detect_leaks=0 OCL_ICD_VENDORS=\"$PWD/%s\"",
             folder);
    expect_child(setting, both);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* ---------------------------------------------------------------------------------------------
 * One operation to try things with: ReLU on COUNT numbers
 */
static const clcnn_activation relu = {.count = COUNT, .kind = CLCNN_RELU};

static float input(int i)
{
    return (float)(i - COUNT / 2);
}

static cl_mem make_input(clcnn_ctx *ctx)
{
    float values[COUNT];
    for (int i = 0; i < COUNT; i++)
        values[i] = input(i);
    cl_int code = CL_SUCCESS;
    cl_mem made = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                 sizeof values, values, &code);
    CHECK(code == CL_SUCCESS, "clCreateBuffer returned %d", code);
    return made;
}

/* Runs ReLU in place on a fresh buffer; `ran` tells whether its result must be there. */
static clcnn_status try_relu(clcnn_ctx *ctx, bool ran)
{
    cl_mem x = make_input(ctx);
    const clcnn_status status =
        clcnn_activation_forward(ctx, &relu, (clcnn_mem){x, 0}, (clcnn_mem){x, 0});
    float got[COUNT];
    cl_int code =
        clEnqueueReadBuffer(clcnn_ctx_queue(ctx), x, CL_TRUE, 0, sizeof got, got, 0, NULL, NULL);
    CHECK(code == CL_SUCCESS, "reading returned %d", code);
    for (int i = 0; i < COUNT; i++) {
        const float expected = ran && input(i) < 0 ? 0 : input(i);
        if (!CHECK(got[i] == expected, "element %d is %g, not %g", i, (double)got[i],
                   (double)expected))
            break;
    }
    clReleaseMemObject(x);
    return status;
}

static cl_uint references_to(cl_command_queue queue)
{
    cl_uint count = 0;
    clGetCommandQueueInfo(queue, CL_QUEUE_REFERENCE_COUNT, sizeof count, &count, NULL);
    return count;
}

/* Likewise to the queue's cl_context. */
static cl_uint references_to_context(cl_command_queue queue)
{
    cl_context context = NULL;
    cl_uint count = 0;
    clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
    clGetContextInfo(context, CL_CONTEXT_REFERENCE_COUNT, sizeof count, &count, NULL);
    return count;
}

/* Drivers let go of a queue when its last command has been cleared away, which may take a moment.
 */
static void expect_references(cl_command_queue queue, cl_uint (*count)(cl_command_queue),
                              cl_uint expected)
{
    const struct timespec moment = {.tv_nsec = 5000000};
    clFinish(queue);
    for (int tries = 0; tries < 200 && count(queue) != expected; tries++)
        nanosleep(&moment, NULL);
    CHECK(count(queue) == expected, "%u references to the %s, not %u", count(queue),
          count == references_to ? "queue" : "context", expected);
}

static cl_command_queue make_queue(int device, cl_command_queue_properties properties, cl_int *code)
{
    clcnn_ctx *ctx = harness_ctx(device);
    return clCreateCommandQueue(clcnn_ctx_context(ctx), clcnn_ctx_device(ctx), properties, code);
}

/* ---------------------------------------------------------------------------------------------
 * The caller's queue
 */
static void test_callers_queue(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        cl_int code = CL_SUCCESS;
        cl_command_queue queue = make_queue(i, 0, &code);
        if (!CHECK(code == CL_SUCCESS, "clCreateCommandQueue returned %d", code))
            continue;
        const cl_uint before = references_to(queue), context_before = references_to_context(queue);
        clcnn_ctx *ctx = NULL;
        clcnn_error error = {.message = ""};

        /* It holds both: not every driver keeps a cl_context for its queue's sake. */
        CHECK(clcnn_ctx_create(&ctx, queue, &error) == CLCNN_SUCCESS, "%s", error.message);
        expect_references(queue, references_to_context, context_before + 1);
        clcnn_ctx_destroy(ctx);
        expect_references(queue, references_to_context, context_before);

        if (CHECK(clcnn_ctx_create(&ctx, queue, &error) == CLCNN_SUCCESS, "%s", error.message)) {
            CHECK(clcnn_ctx_queue(ctx) == queue, "another queue");
            expect_references(queue, references_to, before + 1);
            const clcnn_device_info *info = clcnn_ctx_device_info(ctx);
            const clcnn_device_info *opened = clcnn_ctx_device_info(harness_ctx(i));
            CHECK(info->platform_index == opened->platform_index &&
                      info->device_index == opened->device_index,
                  "it calls itself %d:%d, not %d:%d", info->platform_index, info->device_index,
                  opened->platform_index, opened->device_index);
            CHECK(try_relu(ctx, true) == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
            clcnn_ctx_destroy(ctx);
            expect_references(queue, references_to, before);
        }

        /* The context goes on when the caller lets go of the queue. */
        ctx = NULL;
        CHECK(clcnn_ctx_create(&ctx, queue, NULL) == CLCNN_SUCCESS, "a second context");
        clReleaseCommandQueue(queue);
        CHECK(try_relu(ctx, true) == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
        clcnn_ctx_destroy(ctx);
    }
}

static void test_out_of_order(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        cl_command_queue_properties offered = 0;
        clGetDeviceInfo(clcnn_ctx_device(harness_ctx(i)), CL_DEVICE_QUEUE_PROPERTIES,
                        sizeof offered, &offered, NULL);
        cl_int code = CL_SUCCESS;
        cl_command_queue queue = make_queue(i, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, &code);
        if (!(offered & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)) {
            CHECK(!queue, "%s makes a queue that it does not offer", harness_device_name(i));
            continue;
        }
        if (!CHECK(code == CL_SUCCESS, "clCreateCommandQueue returned %d", code))
            continue;
        const cl_uint before = references_to(queue);
        clcnn_ctx *ctx = NULL;
        clcnn_error error = {.message = ""};
        CHECK(clcnn_ctx_create(&ctx, queue, &error) == CLCNN_INVALID_ARGUMENT && !ctx,
              "an out-of-order queue is taken");
        CHECK(strstr(error.message, "out-of-order"), "\"%s\"", error.message);
        expect_references(queue, references_to, before);
        clReleaseCommandQueue(queue);
    }
}

/* ---------------------------------------------------------------------------------------------
 * Programs
 */

/* A context of its own per test, so that counts begin at 0. */
static clcnn_ctx *fresh(int device)
{
    cl_int code = CL_SUCCESS;
    cl_command_queue queue = make_queue(device, 0, &code);
    clcnn_ctx *ctx = NULL;
    clcnn_error error = {.message = ""};
    CHECK(clcnn_ctx_create(&ctx, queue, &error) == CLCNN_SUCCESS, "%s", error.message);
    clReleaseCommandQueue(queue);
    return ctx;
}

/* A max-pool of n images, which only differ in number from call to call. */
static void pool(clcnn_ctx *ctx, int n, int h)
{
    const clcnn_maxpool2d d = {.n = n, .c = 2, .h = h, .w = 8, .r = 2, .s = 2};
    const size_t in = sizeof(float) * (size_t)(n * 2 * h * 8);
    float *zeros = calloc(1, in);
    if (!CHECK(zeros, "no memory for %zu bytes", in))
        return;
    const cl_mem_flags flags = CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR;
    cl_mem x = clCreateBuffer(clcnn_ctx_context(ctx), flags, in, zeros, NULL);
    cl_mem y = clCreateBuffer(clcnn_ctx_context(ctx), flags, in / 4, zeros, NULL);
    free(zeros);
    CHECK(clcnn_maxpool2d_forward(ctx, &d, (clcnn_mem){x, 0}, (clcnn_mem){y, 0}, CLCNN_NO_MEM) ==
              CLCNN_SUCCESS,
          "%s", clcnn_last_error(ctx)->message);
    clFinish(clcnn_ctx_queue(ctx));
    clReleaseMemObject(x);
    clReleaseMemObject(y);
}

static void test_program_cache(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        pool(ctx, 1, 6);
        const size_t built = clcnn_ctx_programs_built(ctx);
        CHECK(built > 0, "nothing was built");
        pool(ctx, 1, 6);
        CHECK(clcnn_ctx_programs_built(ctx) == built, "the same call built again");
        pool(ctx, 7, 6);
        pool(ctx, 3, 10);
        CHECK(clcnn_ctx_programs_built(ctx) == built, "another batch or image size built again");
        try_relu(ctx, true);
        CHECK(clcnn_ctx_programs_built(ctx) > built, "another operation built nothing");
        clcnn_ctx_destroy(ctx);
    }
}

/* A 3x3 convolution by `algo` in those of the three directions, bits of `ways`, that the device can
 * have; which these are. */
enum { ALL_WAYS = 7 };
static unsigned convolve(clcnn_ctx *ctx, const char *algo, int n, int size, int filters,
                         unsigned ways)
{
    const clcnn_conv2d d = {.n = n, .c = 3, .h = size, .w = size + 1, .k = filters, .r = 3, .s = 3};
    const size_t bytes = (size_t)(n * filters * size * (size + 1)) * sizeof(float);
    cl_mem tensors[4];
    unsigned has = 0;
    float *zeros = calloc(1, bytes + 1000);
    for (int i = 0; i < 4; i++)
        tensors[i] =
            clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                           bytes + 1000, zeros, NULL);
    free(zeros);
    const clcnn_mem x = {tensors[0], 0}, w = {tensors[1], 0}, b = {tensors[2], 0},
                    y = {tensors[3], 0};
    for (clcnn_direction way = CLCNN_FORWARD; way <= CLCNN_BACKWARD_WEIGHTS; way++) {
        clcnn_plan plan;
        if (!(ways >> way & 1) ||
            clcnn_conv2d_plan(ctx, &d, way, algo, CLCNN_ANY_WORKSPACE, &plan) != CLCNN_SUCCESS)
            continue;
        has |= 1u << way;
        plan.workspace.buf = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE,
                                            plan.workspace_bytes + 4, NULL, NULL);
        const clcnn_status status = way == CLCNN_FORWARD
                                        ? clcnn_conv2d_forward(ctx, &d, x, w, b, y, &plan)
                                    : way == CLCNN_BACKWARD_DATA
                                        ? clcnn_conv2d_backward_data(ctx, &d, y, w, x, &plan)
                                        : clcnn_conv2d_backward_weights(ctx, &d, x, y, w, b, &plan);
        CHECK(status == CLCNN_SUCCESS, "%s: %s", algo, clcnn_last_error(ctx)->message);
        clFinish(clcnn_ctx_queue(ctx));
        clReleaseMemObject(plan.workspace.buf);
    }
    for (int i = 0; i < 4; i++)
        clReleaseMemObject(tensors[i]);
    return has;
}

static void count_compiled(const clcnn_compiled *compiled, void *user)
{
    (void)compiled;
    ++*(int *)user;
}

/* Whatever algorithm: another batch and another image, of the same class in the tuning rows, need
 * no other program and no other kernel. */
static void test_sizes_compile_nothing(void)
{
    typedef struct images {
        int n, size;
    } images;
    static const images whole[] = {{2, 20}, {1, 20}, {5, 20}, {2, 23}, {3, 31}, {0, 0}};
    static const images quick[] = {{1, 6}, {2, 7}, {0, 0}}; /* a simulator's minute is long */
    const images *const sizes = harness_short() ? quick : whole;
    for (int i = 0; i < harness_device_count(); i++)
        for (const clcnn_algo *algo = clcnn_algos("conv2d"); algo->name; algo++) {
            clcnn_ctx *ctx = fresh(i);
            int count = 0;
            clcnn_ctx_watch(ctx, count_compiled, &count);
            const unsigned has = convolve(ctx, algo->name, sizes[0].n, sizes[0].size, 5, ALL_WAYS);
            const int first = count;
            CHECK(!has || first > 1, "%s compiled nothing", algo->name);
            for (int k = 1; has && sizes[k].n; k++)
                convolve(ctx, algo->name, sizes[k].n, sizes[k].size, 5, ALL_WAYS);
            CHECK(count == first, "%s compiled %d more for other sizes", algo->name, count - first);
            clcnn_ctx_destroy(ctx);
        }
}

/* Rows of 14 are cut into runs, of 20 and 30 they are not: tile then has another kernel for them,
 * in the same program. In directions that rows of 14 have: backward_weights of row has none. */
static void test_widths_build_nothing(void)
{
    if (harness_short())
        return;
    for (int i = 0; i < harness_device_count(); i++)
        for (const clcnn_algo *algo = clcnn_algos("conv2d"); algo->name; algo++) {
            clcnn_ctx *ctx = fresh(i);
            const unsigned has = convolve(ctx, algo->name, 2, 15, 20, ALL_WAYS);
            const size_t first = clcnn_ctx_programs_built(ctx);
            CHECK(!has || first > 0, "%s built nothing", algo->name);
            for (int size = 21; has && size <= 31; size += 10)
                convolve(ctx, algo->name, 1, size, 20, has);
            CHECK(clcnn_ctx_programs_built(ctx) == first, "%s built %zu more for other widths",
                  algo->name, clcnn_ctx_programs_built(ctx) - first);
            clcnn_ctx_destroy(ctx);
        }
}

static void test_warm_up(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        CHECK(clcnn_ctx_warm_up(ctx, 1) == CLCNN_SUCCESS, "warm-up begins");
        CHECK(try_relu(ctx, false) == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
        const size_t built = clcnn_ctx_programs_built(ctx);
        CHECK(built > 0, "warming up built nothing");
        const clcnn_activation wrong = {.count = -1, .kind = CLCNN_RELU};
        CHECK(clcnn_activation_forward(ctx, &wrong, CLCNN_NO_MEM, CLCNN_NO_MEM) ==
                  CLCNN_INVALID_ARGUMENT,
              "arguments go unchecked");
        CHECK(clcnn_ctx_warm_up(ctx, 0) == CLCNN_SUCCESS, "warm-up ends");
        CHECK(try_relu(ctx, true) == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
        CHECK(clcnn_ctx_programs_built(ctx) == built, "built after warming up");
        clcnn_ctx_destroy(ctx);
    }
}

/* ---------------------------------------------------------------------------------------------
 * Tuning rows
 */
#define HEADER "algo device width shape use VEC ITEM LOCAL\n"

static void test_failed_build(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        /* There are no vectors of 5 floats. */
        CHECK(clcnn_ctx_tune(ctx, "activation", HEADER "direct * * * 1 5 5 1\n") == CLCNN_SUCCESS,
              "%s", clcnn_last_error(ctx)->message);
        CHECK(try_relu(ctx, false) == CLCNN_BUILD_FAILED, "float5 builds");
        const clcnn_error *error = clcnn_last_error(ctx);
        CHECK(error->status == CLCNN_BUILD_FAILED && error->opencl_code != CL_SUCCESS, "code %d",
              error->opencl_code);
        CHECK(strstr(error->message, "activation_direct.cl") && strstr(error->message, "VEC=5") &&
                  strstr(error->message, clcnn_ctx_device_info(ctx)->name),
              "\"%s\"", error->message);
        CHECK(strstr(error->build_log, "float5"), "the log says \"%s\"", error->build_log);
        CHECK(clcnn_ctx_programs_built(ctx) == 0, "a failed build counts");
        /* Without the row everything works again. */
        CHECK(clcnn_ctx_tune(ctx, "activation", NULL) == CLCNN_SUCCESS, "taking rows away");
        CHECK(try_relu(ctx, true) == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
        clcnn_ctx_destroy(ctx);
    }
}

static void test_rows(void)
{
    static const char *const good[] = {
        "",
        "# nothing\n\n",
        HEADER,
        HEADER "direct * * * 1 8 16 2",
        HEADER "direct gpu * * 1 8 8 1\n"
               "direct accelerator 16 * 0 8 8 1 # a comment\n  \t direct cpu 4 * 1 4 64 1\r\n",
        HEADER "direct * * * 1 16 16 1\nalgo device width shape use VEC ITEM LOCAL\n"};
    for (int i = 0; i < harness_device_count(); i++)
        for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
            clcnn_ctx *ctx = fresh(i);
            CHECK(clcnn_ctx_tune(ctx, "activation", good[k]) == CLCNN_SUCCESS, "row set %zu: %s", k,
                  clcnn_last_error(ctx)->message);
            CHECK(try_relu(ctx, true) == CLCNN_SUCCESS, "row set %zu: %s", k,
                  clcnn_last_error(ctx)->message);
            clcnn_ctx_destroy(ctx);
        }
}

static void test_bad_rows(void)
{
    static const struct {
        const char *rows;
        const char *line, *column; /* what the message must name; column "" where it is the line */
    } bad[] = {
        {"direct * * * 1 5 5 1\n", "line 1", ""},
        {"algo device width shape VEC\n", "line 1", "column 5"},
        {"\n" HEADER "direct * * * 1 5 5\n", "line 3", "columns"},
        {HEADER "direct * * * 1 5 5 1 1\n", "line 2", "columns"},
        {HEADER "direct dsp * * 1 4 4 1\n", "line 2", "dsp"},
        {HEADER "direct * wide * 1 4 4 1\n", "line 2", "column 3"},
        {HEADER "direct * * * 2 4 4 1\n", "line 2", "column 5"},
        {HEADER "direct * * * 1 -4 4 1\n", "line 2", "column 6"},
        {HEADER "direct * * * 1 4 4.5 1\n", "line 2", "column 7"},
        {HEADER "direct * * * 1 4 0x10 1\n", "line 2", "column 7"},
        {HEADER "direct * * * 1 4 99999999999999999999 1\n", "line 2", "column 7"},
        {HEADER "direct * * * 1 4 4 65537\n", "line 2", "column 8"},
        {"algo device width shape use vec\n", "line 1", "column 6"},
        {"algo device width shape use A-DEVIL=1\n", "line 1", "column 6"},
        {"algo device width shape use A B C D E F G H I J K L M\n", "line 1", "columns"},
    };
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
            const clcnn_status status = clcnn_ctx_tune(ctx, "activation", bad[k].rows);
            const char *message = clcnn_last_error(ctx)->message;
            CHECK(status == CLCNN_BAD_FILE, "%s gives %s", bad[k].rows, clcnn_status_name(status));
            CHECK(strstr(message, bad[k].line) && strstr(message, bad[k].column),
                  "\"%s %s\" is not in \"%s\"", bad[k].line, bad[k].column, message);
        }
        CHECK(try_relu(ctx, true) == CLCNN_SUCCESS, "bad rows left something behind: %s",
              clcnn_last_error(ctx)->message);
        clcnn_ctx_destroy(ctx);
    }
}

/* The newest rows come first, and another set of macros is another program. */
static void test_rows_are_used(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = fresh(i);
        try_relu(ctx, true);
        size_t built = clcnn_ctx_programs_built(ctx);
        static const char *const rows[] = {HEADER "direct * * * 1 4 20 3\n",
                                           HEADER "direct * * * 1 8 24 1\n"};
        for (int k = 0; k < 2; k++) {
            CHECK(clcnn_ctx_tune(ctx, "activation", rows[k]) == CLCNN_SUCCESS, "%s",
                  clcnn_last_error(ctx)->message);
            CHECK(try_relu(ctx, true) == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
            CHECK(clcnn_ctx_programs_built(ctx) == ++built, "row set %d was not used", k);
        }
        CHECK(clcnn_ctx_tune(ctx, "activation", NULL) == CLCNN_SUCCESS, "taking rows away");
        try_relu(ctx, true);
        CHECK(clcnn_ctx_programs_built(ctx) == built, "the first program was forgotten");
        clcnn_ctx_destroy(ctx);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--open") == 0)
        return open_and_tell("");
    static const harness_test tests[] = {{"list of devices", test_list},
                                         {"selectors", test_selectors},
                                         {"words as selectors", test_words},
                                         {"no devices", test_no_devices},
                                         {"the caller's queue", test_callers_queue},
                                         {"out-of-order queues", test_out_of_order},
                                         {"program cache", test_program_cache},
                                         {"other sizes", test_sizes_compile_nothing},
                                         {"other widths", test_widths_build_nothing},
                                         {"warm-up", test_warm_up},
                                         {"failed build", test_failed_build},
                                         {"tuning rows", test_rows},
                                         {"bad tuning rows", test_bad_rows},
                                         {"tuning rows are used", test_rows_are_used},
                                         {NULL, NULL}};
    return harness_run("context", tests);
}
