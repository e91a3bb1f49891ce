/*
 * A cold start: a process of its own opens the device and trains LeNet-5 for one step, its data
 * being in memory already, so that all that is compiled is compiled in it. Drivers keep what they
 * have compiled on disk; the environment tells those that are known to keep it in the folder given:
 * an empty folder is a first start, the same one again is a second.
 */
#include "bench.h"

#include "clcnn_net.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* PoCL, Mesa, NVIDIA. */
static const char *const cache_variables[] = {"POCL_CACHE_DIR", "MESA_SHADER_CACHE_DIR",
                                              "CUDA_CACHE_PATH"};

static void note(const clcnn_compiled *compiled, void *user)
{
    bench_start *start = user;
    if (start->count == BENCH_MAX_COMPILED)
        return;
    bench_compiled *row = &start->compiled[start->count++];
    snprintf(row->program, sizeof row->program, "%s", compiled->program);
    snprintf(row->kernel, sizeof row->kernel, "%s", compiled->kernel ? compiled->kernel : "");
    row->seconds = compiled->seconds;
}

static clcnn_status first_step(const char *device, const clcnn_dataset *set, bool watched,
                               bench_start *start, clcnn_error *error)
{
    const clcnn_train_options options = {.layers = "lenet5", .batch = set->train.count, .seed = 1};
    clcnn_ctx *ctx = NULL;
    clcnn_trainer *trainer = NULL;
    const double begin = bench_now();
    clcnn_status status = clcnn_ctx_open(&ctx, device ? device : "", error);
    if (status == CLCNN_SUCCESS && watched)
        status = clcnn_ctx_watch(ctx, note, start);
    if (status == CLCNN_SUCCESS)
        status = clcnn_trainer_create(ctx, &options, set, &trainer, error);
    if (status == CLCNN_SUCCESS)
        status = clcnn_trainer_epoch(trainer, NULL, NULL, NULL, NULL, error);
    start->seconds = bench_now() - begin;
    if (status == CLCNN_SUCCESS)
        snprintf(start->device, sizeof start->device, "%s", clcnn_ctx_device_info(ctx)->name);
    clcnn_trainer_destroy(trainer);
    clcnn_ctx_destroy(ctx);
    return status;
}

static void child(const char *device, const char *cache, bool watched, int to)
{
    enum { BATCH = 128, SIZE = 28, CLASSES = 10 };
    static uint8_t pixels[BATCH * SIZE * SIZE], labels[BATCH];
    static bench_start start;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 2654435761u >> 16);
    for (size_t i = 0; i < sizeof labels; i++)
        labels[i] = (uint8_t)(i % CLASSES);
    const clcnn_images images = {.count = BATCH,
                                 .c = 1,
                                 .h = SIZE,
                                 .w = SIZE,
                                 .classes = CLASSES,
                                 .pixels = pixels,
                                 .labels = labels};
    const clcnn_dataset set = {.name = "noise", .train = images, .test = images};
    clcnn_error error = {0};
    for (size_t i = 0; i < sizeof cache_variables / sizeof *cache_variables; i++)
        setenv(cache_variables[i], cache, 1);
    const clcnn_status status = first_step(device, &set, watched, &start, &error);
    const void *answer = status == CLCNN_SUCCESS ? (const void *)&start : (const void *)&error;
    const size_t size = status == CLCNN_SUCCESS ? sizeof start : sizeof error;
    for (size_t sent = 0; sent < size;) {
        const ssize_t now = write(to, (const char *)answer + sent, size - sent);
        if (now <= 0)
            _exit(2);
        sent += (size_t)now;
    }
    _exit(status == CLCNN_SUCCESS ? 0 : 1);
}

/* What the child sends until it ends; longer answers are cut. */
static size_t receive(int from, void *answer, size_t size)
{
    size_t got = 0;
    ssize_t now = 1;
    while (got < size && now > 0) {
        now = read(from, (char *)answer + got, size - got);
        got += now > 0 ? (size_t)now : 0;
    }
    return got;
}

bool bench_start_run(const char *device, const char *cache, bool watched, bench_start *start,
                     char *why, size_t size)
{
    static union {
        bench_start start;
        clcnn_error error;
    } answer;
    int ends[2], status = -1;
    fflush(NULL);
    if (pipe(ends) != 0)
        return snprintf(why, size, "no pipe to a process of its own"), false;
    const pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(device, cache, watched, ends[1]);
    }
    close(ends[1]);
    const size_t got = pid > 0 ? receive(ends[0], &answer, sizeof answer) : 0;
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, &status, 0);
    const int code = pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == 0 && got >= sizeof *start) {
        *start = answer.start;
        return true;
    }
    if (code == 1 && got >= sizeof answer.error)
        snprintf(why, size, "%s", answer.error.message);
    else
        snprintf(why, size, "the process that was to start did not end well");
    return false;
}
