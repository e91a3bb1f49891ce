/*
 * Threads side by side, each with a ctx of its own on one cl_context: they start together, each
 * builds what it needs and runs the same calls, and all get the bits that one thread alone gets.
 * A build with ThreadSanitizer runs this too.
 */
#include "check.h"
#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MAX_THREADS = 4, MAX_CASES = 8, ROUNDS = 3 };

/* A case with what one thread alone made of it. */
typedef struct job {
    check_case *c;
    const check_direction *direction;
    check_expected expected;
    check_result alone;
} job;

static job jobs[MAX_CASES];
static int job_count;

static void add_job(clcnn_ctx *ctx, const char *op_name, const char *direction,
                    const check_desc *desc)
{
    const check_op *op = check_op_find(op_name);
    clcnn_error error = {.message = ""};
    job *j = &jobs[job_count];
    j->c = check_case_create(op, desc, CHECK_REALS, harness_seed(), &error);
    if (!CHECK(j->c, "%s: %s", op_name, error.message))
        return;
    j->direction = check_direction_find(op, direction);
    if (!CHECK(check_expected_create(j->c, j->direction, &j->expected) == CLCNN_SUCCESS,
               "%s %s has no reference", op_name, direction)) {
        check_case_destroy(j->c);
        return;
    }
    job_count++;
    j->alone =
        check_run(j->c, j->direction, &j->expected, &(check_options){.ctx = ctx, .keep = true});
    CHECK(j->alone.verdict == CHECK_PASS, "%s %s alone: %s", op_name, direction, j->alone.message);
}

static void make_jobs(clcnn_ctx *ctx)
{
    const check_desc conv = {.conv2d = {.n = 3,
                                        .c = 4,
                                        .h = 9,
                                        .w = 10,
                                        .k = 8,
                                        .r = 3,
                                        .s = 3,
                                        .pad_top = 1,
                                        .pad_left = 1,
                                        .stride_h = 2,
                                        .activation = CLCNN_RELU}};
    const check_desc dense = {.dense = {.n = 5, .c = 40, .k = 10}};
    const check_desc pool = {.maxpool2d = {.n = 3, .c = 4, .h = 9, .w = 10, .r = 2, .s = 2}};
    const check_desc softmax = {.softmax_cross_entropy = {.n = 5, .classes = 10}};
    job_count = 0;
    add_job(ctx, "conv2d", "forward", &conv);
    add_job(ctx, "conv2d", "backward_data", &conv);
    add_job(ctx, "conv2d", "backward_weights", &conv);
    add_job(ctx, "maxpool2d", "forward", &pool);
    add_job(ctx, "dense", "forward", &dense);
    add_job(ctx, "dense", "backward_weights", &dense);
    add_job(ctx, "softmax_cross_entropy", "forward", &softmax);
}

static void free_jobs(void)
{
    for (int i = 0; i < job_count; i++) {
        check_result_free(&jobs[i].alone);
        check_expected_free(&jobs[i].expected);
        check_case_destroy(jobs[i].c);
    }
}

/* ---------------------------------------------------------------------------------------------
 * One thread. CUnit belongs to the main thread, so what went wrong is written down here.
 */
typedef struct worker {
    pthread_t thread;
    pthread_barrier_t *start;
    clcnn_ctx *ctx;
    int number;
    char trouble[2048];
} worker;

static void compare(worker *w, const job *j, const check_result *got)
{
    for (int i = 0; i < CHECK_MAX_OUT; i++)
        if (j->alone.out[i] && !w->trouble[0] &&
            (!got->out[i] ||
             memcmp(got->out[i], j->alone.out[i], j->expected.out[i].count * sizeof(float)) != 0))
            snprintf(w->trouble, sizeof w->trouble,
                     "thread %d: output %d of %s %s has other bits than alone", w->number, i,
                     j->c->op->name, j->direction->name);
}

static void *work(void *user)
{
    worker *w = user;
    pthread_barrier_wait(w->start);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < job_count && !w->trouble[0]; i++) {
            /* Each thread begins with another case. */
            const job *j = &jobs[(i + w->number) % job_count];
            check_result result = check_run(j->c, j->direction, &j->expected,
                                            &(check_options){.ctx = w->ctx, .keep = true});
            if (result.verdict != CHECK_PASS)
                snprintf(w->trouble, sizeof w->trouble, "thread %d: %s", w->number, result.message);
            else
                compare(w, j, &result);
            check_result_free(&result);
        }
    return NULL;
}

/* A ctx with a queue of its own on the cl_context of another. */
static clcnn_ctx *sibling(clcnn_ctx *ctx)
{
    cl_int code = CL_SUCCESS;
    cl_command_queue queue =
        clCreateCommandQueue(clcnn_ctx_context(ctx), clcnn_ctx_device(ctx), 0, &code);
    clcnn_ctx *made = NULL;
    clcnn_error error = {.message = ""};
    if (!CHECK(code == CL_SUCCESS, "clCreateCommandQueue returned %d", code))
        return NULL;
    CHECK(clcnn_ctx_create(&made, queue, &error) == CLCNN_SUCCESS, "%s", error.message);
    clReleaseCommandQueue(queue);
    return made;
}

static void run_threads(clcnn_ctx *ctx, int count)
{
    static worker workers[MAX_THREADS];
    pthread_barrier_t start;
    int running = 0;
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < count; i++) {
        workers[i] = (worker){.start = &start, .ctx = sibling(ctx), .number = i};
        if (!workers[i].ctx)
            return;
    }
    pthread_barrier_init(&start, NULL, (unsigned int)count);
    for (int i = 0; i < count; i++)
        running += pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
    if (!CHECK(running == count, "%d of %d threads start", running, count))
        return; /* those that wait for the others never end */
    for (int i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
        CHECK(!workers[i].trouble[0], "%s", workers[i].trouble);
        clFinish(clcnn_ctx_queue(workers[i].ctx));
        clcnn_ctx_destroy(workers[i].ctx);
    }
    pthread_barrier_destroy(&start);
}

static void run_on_all_devices(int threads)
{
    for (int i = 0; i < harness_device_count(); i++) {
        make_jobs(harness_ctx(i));
        run_threads(harness_ctx(i), threads);
        free_jobs();
    }
}

static void test_two(void)
{
    run_on_all_devices(2);
}

static void test_four(void)
{
    run_on_all_devices(4);
}

int main(void)
{
    static const harness_test tests[] = {
        {"two threads", test_two}, {"four threads", test_four}, {NULL, NULL}};
    return harness_run("threads", tests);
}
