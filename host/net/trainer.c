/*
 * Training: epochs over a data set in an order that depends on seed and epoch alone.
 *
 * The device is never waited for inside an epoch, except that the feed allows CLCNN__SLOTS batches
 * on their way. Each step writes its loss to its own place in a device array; now and then the new
 * part of it is read without blocking, and added up in order, in double, when the read is done. So
 * the sum has the same bits however the reads fall, and also over a stop and a resume.
 */
#include "net.h"
#include "philox.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { STEPS_PER_READ = 50, MOST_EPOCHS = 1000000 };

struct clcnn_trainer {
    clcnn_ctx *ctx;
    const clcnn_dataset *set;
    clcnn_train_options options; /* layers: the net's */
    clcnn_schedule schedule;
    clcnn_net *net;
    clcnn__feed *feed;
    clcnn__normalise normalise;
    uint32_t checksum; /* of the training images and labels */
    uint32_t *order;   /* [train.count], of the current epoch */
    int epochs_done, step, steps;
    int64_t steps_total;
    cl_mem losses;    /* [steps] of the current epoch */
    float *loss_host; /* [steps] */
    cl_event reading; /* of losses summed .. reading_end */
    int summed, reading_end;
    double loss_sum; /* over the images of the first `summed` steps of the epoch */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- Data --------------------------------------------------------------------------------- */

static uLong checksum_bytes(uLong sum, const uint8_t *bytes, size_t count)
{
    enum { CHUNK = 1 << 30 }; /* crc32 takes 32-bit lengths */
    while (count > 0) {
        uInt part = count < CHUNK ? (uInt)count : CHUNK;
        sum = crc32(sum, bytes, part);
        bytes += part;
        count -= part;
    }
    return sum;
}

static uint32_t checksum_of(const clcnn_images *images)
{
    size_t image = (size_t)images->c * (size_t)images->h * (size_t)images->w;
    uLong sum = checksum_bytes(crc32(0, NULL, 0), images->pixels, image * (size_t)images->count);
    return (uint32_t)checksum_bytes(sum, images->labels, (size_t)images->count);
}

/* The order of an epoch: Fisher and Yates' shuffle with the words of its own stream. */
static void shuffle(clcnn_trainer *trainer)
{
    uint32_t count = (uint32_t)trainer->set->train.count, *order = trainer->order;
    uint64_t stream = CLCNN__STREAM_ORDER + (uint64_t)trainer->epochs_done;
    for (uint32_t i = 0; i < count; ++i)
        order[i] = i;
    clcnn__philox_counter words = {{0}};
    for (uint32_t left = count; left > 1; --left) {
        uint32_t k = count - left;
        if (k % 4 == 0)
            words = clcnn__philox_at(trainer->options.seed, stream, k / 4);
        uint32_t other = clcnn__philox_below(words.v[k % 4], left);
        uint32_t last = order[left - 1];
        order[left - 1] = order[other];
        order[other] = last;
    }
}

/* Images of step `step`: the last one takes what is left. */
static int images_of_step(const clcnn_trainer *trainer, int step)
{
    int left = trainer->set->train.count - step * trainer->options.batch;
    return left < trainer->options.batch ? left : trainer->options.batch;
}

/* Images of the steps before `step`. */
static int64_t images_before(const clcnn_trainer *trainer, int step)
{
    int64_t images = (int64_t)step * trainer->options.batch;
    return images < trainer->set->train.count ? images : trainer->set->train.count;
}

/* ---- Losses ------------------------------------------------------------------------------- */

static void add_losses(clcnn_trainer *trainer, int end)
{
    for (; trainer->summed < end; ++trainer->summed)
        trainer->loss_sum +=
            (double)trainer->loss_host[trainer->summed] * images_of_step(trainer, trainer->summed);
}

static clcnn_status read_losses(clcnn_trainer *trainer, cl_bool blocking, cl_event *event,
                                clcnn_error *error)
{
    size_t first = (size_t)trainer->summed, count = (size_t)trainer->step - first;
    if (count == 0)
        return CLCNN_SUCCESS;
    cl_int code = clEnqueueReadBuffer(clcnn_ctx_queue(trainer->ctx), trainer->losses, blocking,
                                      first * sizeof(float), count * sizeof(float),
                                      trainer->loss_host + first, 0, NULL, event);
    return code ? CLCNN__CL_FAIL(error, code, "clEnqueueReadBuffer") : CLCNN_SUCCESS;
}

/* Adds up what a read has brought, without waiting; starts the next read when it is time. */
static clcnn_status poll_losses(clcnn_trainer *trainer, clcnn_error *error)
{
    if (!trainer->reading) {
        if (trainer->step - trainer->summed < STEPS_PER_READ && trainer->step != 1)
            return CLCNN_SUCCESS;
        trainer->reading_end = trainer->step;
        return read_losses(trainer, CL_FALSE, &trainer->reading, error);
    }
    cl_int state;
    cl_int code = clGetEventInfo(trainer->reading, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state,
                                 &state, NULL);
    if (!code && state > CL_COMPLETE)
        return CLCNN_SUCCESS;
    clReleaseEvent(trainer->reading);
    trainer->reading = NULL;
    if (code || state < 0)
        return CLCNN__CL_FAIL(error, code ? code : state, "reading losses");
    add_losses(trainer, trainer->reading_end);
    return CLCNN_SUCCESS;
}

/* Ends a read that is under way; what it brought is read again with the rest. */
static void end_reading(clcnn_trainer *trainer)
{
    if (!trainer->reading)
        return;
    clWaitForEvents(1, &trainer->reading);
    clReleaseEvent(trainer->reading);
    trainer->reading = NULL;
}

/* Waits for every step so far and adds up its loss. */
static clcnn_status finish_losses(clcnn_trainer *trainer, clcnn_error *error)
{
    end_reading(trainer);
    clcnn_status status = read_losses(trainer, CL_TRUE, NULL, error);
    if (!status)
        add_losses(trainer, trainer->step);
    return status;
}

/* ---- Steps --------------------------------------------------------------------------------- */

static clcnn_status error_of_ctx(const clcnn_trainer *trainer, clcnn_status status,
                                 clcnn_error *error)
{
    if (status && error)
        *error = *clcnn_last_error(trainer->ctx);
    return status;
}

/* What is done to the images of this epoch. */
static clcnn__augment augment_of(const clcnn_trainer *trainer)
{
    const clcnn_images *train = &trainer->set->train;
    return (clcnn__augment){.c = train->c,
                            .h = train->h,
                            .w = train->w,
                            .shift = trainer->options.shift,
                            .flip = trainer->options.flip,
                            .seed = trainer->options.seed,
                            .epoch = (uint64_t)trainer->epochs_done};
}

/* Enqueues one step on n images: those that `order` names, or the first ones. */
static clcnn_status send_and_train(clcnn_trainer *trainer, int n, const uint32_t *order,
                                   clcnn_mem loss, double lr, clcnn_error *error)
{
    const clcnn_images *train = &trainer->set->train;
    const clcnn__augment augment = augment_of(trainer);
    const clcnn__batch batch = {.n = n,
                                .pixels = train->pixels,
                                .labels = train->labels,
                                .order = order,
                                .augment = augment.shift || augment.flip ? &augment : NULL};
    clcnn_mem images, labels;
    clcnn_status status = clcnn__feed_send(trainer->feed, &batch, &images, &labels, error);
    if (status)
        return status;
    const clcnn_train_options *options = &trainer->options;
    const clcnn_net_step step = {.optimiser = options->optimiser,
                                 .lr = lr,
                                 .beta1 = 0.9,
                                 .beta2 = 0.999,
                                 .momentum = options->momentum,
                                 .nesterov = options->nesterov,
                                 .alpha = 0.99,
                                 .weight_decay = options->weight_decay,
                                 .max_norm = options->max_norm,
                                 .label_smoothing = options->label_smoothing,
                                 .step = trainer->steps_total + 1,
                                 .seed = options->seed};
    status = clcnn_net_train_step(trainer->net, n, images, labels, loss, &step);
    clFlush(clcnn_ctx_queue(trainer->ctx));
    return error_of_ctx(trainer, status, error);
}

/* Forward of n images, as in an evaluation. */
static clcnn_status send_and_infer(clcnn_trainer *trainer, int n, clcnn_error *error)
{
    const clcnn__batch batch = {.n = n, .pixels = trainer->set->train.pixels};
    clcnn_mem images, logits;
    clcnn_status status = clcnn__feed_send(trainer->feed, &batch, &images, NULL, error);
    if (status)
        return status;
    return error_of_ctx(trainer, clcnn_net_forward(trainer->net, n, images, &logits), error);
}

/*
 * Runs what training and evaluation will run once, for each size of batch, and takes it back. So
 * whatever a device's compiler does late (PoCL compiles at the first launch) is done before
 * training begins.
 */
static clcnn_status warm_up(clcnn_trainer *trainer, clcnn_error *error)
{
    size_t count = clcnn_net_values(trainer->net);
    float *values = calloc(2 * count, sizeof *values), *zero = values + count;
    if (!values)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a trainer");
    int batch = images_of_step(trainer, 0), last = images_of_step(trainer, trainer->steps - 1);
    int tested = trainer->set->test.count % trainer->options.batch;
    clcnn_mem loss = {trainer->losses, 0};
    clcnn_status status =
        error_of_ctx(trainer, clcnn_net_read(trainer->net, values, NULL, NULL), error);
    if (!status)
        status = send_and_train(trainer, batch, NULL, loss, 0, error);
    if (!status)
        status = send_and_infer(trainer, batch, error);
    if (!status && last != batch)
        status = send_and_train(trainer, last, NULL, loss, 0, error);
    if (!status && tested > 0 && tested <= trainer->set->train.count)
        status = send_and_infer(trainer, tested, error);
    if (!status)
        status = error_of_ctx(trainer, clcnn_net_write(trainer->net, values, zero, zero), error);
    free(values);
    return status;
}

/* ---- Creation ----------------------------------------------------------------------------- */

static clcnn_status check_arguments(clcnn_ctx *ctx, const void *options, const char *option_name,
                                    const clcnn_dataset *set, clcnn_trainer **trainer,
                                    clcnn_error *error)
{
    const char *missing = !ctx       ? "ctx"
                          : !options ? option_name
                          : !set     ? "set"
                          : !trainer ? "trainer"
                                     : NULL;
    if (trainer)
        *trainer = NULL;
    return missing ? CLCNN__INVALID(error, "clcnn_trainer: %s is NULL", missing) : CLCNN_SUCCESS;
}

/* The schedule in steps. A cosine ends with its last epoch, its warm-up included. */
static clcnn_schedule schedule_of(const clcnn_train_options *options, int steps)
{
    clcnn_schedule schedule = {.kind = options->schedule,
                               .lr = options->lr,
                               .warmup = (int64_t)(options->warmup * steps + 0.5),
                               .period = (int64_t)options->schedule_epochs * steps,
                               .gamma = options->gamma,
                               .min_lr = options->min_lr};
    if (schedule.kind == CLCNN_SCHEDULE_COSINE)
        schedule.period =
            schedule.period > schedule.warmup + 1 ? schedule.period - schedule.warmup - 1 : 1;
    return schedule;
}

static bool in_range(double value, double least, double most)
{
    return value >= least && value <= most;
}

/* Also numbers that nothing looks at must be legal: a checkpoint keeps them, and is read strictly.
 */
clcnn_status clcnn__check_train_options(const clcnn_train_options *o, clcnn_error *error)
{
    const int least_epochs = o->schedule == CLCNN_SCHEDULE_CONSTANT ? 0 : 1;
    const bool nesterov = o->nesterov && o->optimiser == CLCNN_SGD;
    const struct {
        const char *name;
        double value;
        bool ok;
        const char *must;
    } rows[] = {
        {"batch", o->batch, o->batch >= 1, "at least 1"},
        {"lr", o->lr, o->lr > 0 && o->lr <= 1e30, "above 0 and at most 1e30"},
        {"momentum", o->momentum, in_range(o->momentum, nesterov ? DBL_TRUE_MIN : 0, 1e30),
         nesterov ? "above 0, for nesterov, and at most 1e30" : "from 0 to 1e30"},
        {"nesterov", o->nesterov, in_range(o->nesterov, 0, 1), "0 or 1"},
        {"weight_decay", o->weight_decay, in_range(o->weight_decay, 0, 1e30), "from 0 to 1e30"},
        {"max_norm", o->max_norm, o->max_norm == 0 || in_range(o->max_norm, FLT_MIN, FLT_MAX),
         "0 or a positive number that a float can hold"},
        {"label_smoothing", o->label_smoothing, in_range(o->label_smoothing, 0, 1), "from 0 to 1"},
        {"warmup", o->warmup, in_range(o->warmup, 0, MOST_EPOCHS), "from 0 to 1000000 epochs"},
        {"schedule_epochs", o->schedule_epochs,
         in_range(o->schedule_epochs, least_epochs, MOST_EPOCHS),
         least_epochs ? "from 1 to 1000000" : "from 0 to 1000000"},
        {"gamma", o->gamma, in_range(o->gamma, 0, 1e30), "from 0 to 1e30"},
        {"min_lr", o->min_lr, in_range(o->min_lr, 0, 1e30), "from 0 to 1e30"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i)
        if (!rows[i].ok)
            return CLCNN__INVALID(error, "clcnn_trainer: %s is %g, must be %s", rows[i].name,
                                  rows[i].value, rows[i].must);
    const clcnn_schedule schedule = schedule_of(o, 1);
    double lr;
    return clcnn_schedule_lr(&schedule, 1, &lr, error);
}

/* A shift must leave something of each image. */
static clcnn_status check_augment(const clcnn_trainer *trainer, clcnn_error *error)
{
    const clcnn_images *train = &trainer->set->train;
    const clcnn_train_options *options = &trainer->options;
    int most = (train->h < train->w ? train->h : train->w) - 1;
    if (options->shift != 0 && (options->shift < 0 || options->shift > most))
        return CLCNN__INVALID(error,
                              "clcnn_trainer: shift is %d, not 0 to %d, as images of %dx%d allow",
                              options->shift, most, train->h, train->w);
    if (options->flip != 0 && options->flip != 1)
        return CLCNN__INVALID(error, "clcnn_trainer: flip is %d, not 0 or 1", options->flip);
    return CLCNN_SUCCESS;
}

static clcnn_status create_net(clcnn_trainer *trainer, clcnn_error *error)
{
    const clcnn_images *train = &trainer->set->train;
    if (train->count < 1)
        return CLCNN__INVALID(error, "clcnn_trainer: the data set has no training images");
    clcnn_net_desc desc = {.layers = trainer->options.layers,
                           .batch = trainer->options.batch,
                           .c = train->c,
                           .h = train->h,
                           .w = train->w,
                           .seed = trainer->options.seed,
                           .training = 1,
                           .init = trainer->options.init};
    clcnn_status status = clcnn_net_create(trainer->ctx, &desc, &trainer->net, error);
    if (status)
        return status;
    if (trainer->options.weights)
        status = clcnn__weights_load(trainer->net, trainer->options.weights, error);
    trainer->options.weights = NULL;
    if (status)
        return status;
    trainer->options.layers = clcnn_net_get_desc(trainer->net)->layers;
    return clcnn__check_images(trainer->net, train, "training", error);
}

static clcnn_status create_buffers(clcnn_trainer *trainer, clcnn_error *error)
{
    const clcnn_images *train = &trainer->set->train;
    size_t image = (size_t)train->c * (size_t)train->h * (size_t)train->w;
    clcnn_status status = clcnn__feed_create(trainer->ctx, trainer->options.batch, image,
                                             trainer->normalise, &trainer->feed, error);
    if (status)
        return status;
    size_t steps = (size_t)trainer->steps;
    trainer->order = malloc((size_t)train->count * sizeof *trainer->order);
    trainer->loss_host = calloc(steps, sizeof *trainer->loss_host);
    if (!trainer->order || !trainer->loss_host)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a trainer");
    cl_int code;
    trainer->losses = clCreateBuffer(clcnn_ctx_context(trainer->ctx), CL_MEM_READ_WRITE,
                                     steps * sizeof(float), NULL, &code);
    return code ? CLCNN__CL_FAIL(error, code, "clCreateBuffer") : CLCNN_SUCCESS;
}

static clcnn_status set_up(clcnn_trainer *trainer, clcnn_error *error)
{
    clcnn_train_options *options = &trainer->options;
    options->batch = options->batch == 0 ? CLCNN_DEFAULT_BATCH : options->batch;
    options->lr = options->lr == 0 ? CLCNN_DEFAULT_LR : options->lr;
    clcnn_status status = clcnn__check_train_options(options, error);
    if (!status)
        status = check_augment(trainer, error);
    if (!status)
        status = create_net(trainer, error);
    if (status)
        return status;
    int count = trainer->set->train.count, batch = options->batch;
    trainer->steps = count / batch + (count % batch != 0);
    trainer->schedule = schedule_of(options, trainer->steps);
    trainer->normalise = clcnn__normalise_of(&trainer->set->train);
    trainer->checksum = checksum_of(&trainer->set->train);
    status = create_buffers(trainer, error);
    return status ? status : warm_up(trainer, error);
}

static clcnn_trainer *new_trainer(clcnn_ctx *ctx, const clcnn_train_options *options,
                                  const clcnn_dataset *set, clcnn_error *error)
{
    clcnn_trainer *trainer = calloc(1, sizeof *trainer);
    if (!trainer) {
        CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a trainer");
        return NULL;
    }
    trainer->ctx = ctx;
    trainer->set = set;
    trainer->options = *options;
    return trainer;
}

clcnn_status clcnn_trainer_create(clcnn_ctx *ctx, const clcnn_train_options *options,
                                  const clcnn_dataset *set, clcnn_trainer **result,
                                  clcnn_error *error)
{
    clcnn_status status = check_arguments(ctx, options, "options", set, result, error);
    if (status)
        return status;
    clcnn_trainer *trainer = new_trainer(ctx, options, set, error);
    if (!trainer)
        return CLCNN_OUT_OF_MEMORY;
    status = set_up(trainer, error);
    if (status) {
        clcnn_trainer_destroy(trainer);
        return status;
    }
    *result = trainer;
    return CLCNN_SUCCESS;
}

/* Is the data set the one that the checkpoint knows? */
static clcnn_status check_data(const clcnn_trainer *trainer, const clcnn_checkpoint_info *info,
                               const char *path, clcnn_error *error)
{
    const clcnn_dataset *set = trainer->set;
    const clcnn_images *train = &set->train;
    if (train->c != info->c || train->h != info->h || train->w != info->w ||
        train->classes > info->classes)
        return CLCNN__INVALID(
            error,
            "%s was trained on %d x %d x %d images of up to %d classes, \"%s\" has "
            "%d x %d x %d and %d",
            path, info->c, info->h, info->w, info->classes, set->name, train->c, train->h, train->w,
            train->classes);
    if (train->count != info->train_count || set->test.count != info->test_count)
        return CLCNN__INVALID(
            error, "%s was trained on \"%s\" with %d and %d images, \"%s\" has %d and %d", path,
            info->data, info->train_count, info->test_count, set->name, train->count,
            set->test.count);
    uint32_t checksum = checksum_of(train);
    if (checksum != info->data_checksum)
        return CLCNN__INVALID(error, "%s was trained on \"%s\" with checksum %08x, \"%s\" has %08x",
                              path, info->data, info->data_checksum, set->name, checksum);
    return CLCNN_SUCCESS;
}

static clcnn_status go_on_from(clcnn_trainer *trainer, const clcnn__checkpoint *checkpoint,
                               clcnn_error *error)
{
    const clcnn_checkpoint_info *info = &checkpoint->info;
    clcnn_status status = clcnn_net_write(trainer->net, checkpoint->arrays[0],
                                          checkpoint->arrays[1], checkpoint->arrays[2]);
    if (status)
        return error_of_ctx(trainer, status, error);
    trainer->epochs_done = info->epochs_done;
    trainer->step = trainer->summed = info->step;
    trainer->steps_total = info->steps_total;
    trainer->loss_sum = checkpoint->loss_sum;
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_trainer_resume(clcnn_ctx *ctx, const char *path, const clcnn_dataset *set,
                                  clcnn_trainer **result, clcnn_error *error)
{
    clcnn_status status = check_arguments(ctx, path, "path", set, result, error);
    if (status)
        return status;
    clcnn__checkpoint checkpoint;
    status = clcnn__checkpoint_read(path, &checkpoint, error);
    if (status)
        return status;
    const clcnn_checkpoint_info *info = &checkpoint.info;
    clcnn_trainer *trainer = new_trainer(ctx, &info->options, set, error);
    status = trainer ? check_data(trainer, info, path, error) : CLCNN_OUT_OF_MEMORY;
    if (!status)
        status = set_up(trainer, error);
    if (!status)
        status = go_on_from(trainer, &checkpoint, error);
    clcnn__checkpoint_free(&checkpoint);
    if (status) {
        clcnn_trainer_destroy(trainer);
        return status;
    }
    *result = trainer;
    return CLCNN_SUCCESS;
}

void clcnn_trainer_destroy(clcnn_trainer *trainer)
{
    if (!trainer)
        return;
    end_reading(trainer);
    clcnn__feed_destroy(trainer->feed);
    clcnn_net_destroy(trainer->net);
    if (trainer->losses)
        clReleaseMemObject(trainer->losses);
    free(trainer->loss_host);
    free(trainer->order);
    free(trainer);
}

const clcnn_train_options *clcnn_trainer_options(const clcnn_trainer *trainer)
{
    return trainer ? &trainer->options : NULL;
}

clcnn_net *clcnn_trainer_net(clcnn_trainer *trainer)
{
    return trainer ? trainer->net : NULL;
}

int clcnn_trainer_epochs_done(const clcnn_trainer *trainer)
{
    return trainer ? trainer->epochs_done : 0;
}

/* ---- Training ----------------------------------------------------------------------------- */

static clcnn_status enqueue_step(clcnn_trainer *trainer, clcnn_error *error)
{
    const uint32_t *order = trainer->order + (size_t)trainer->step * (size_t)trainer->options.batch;
    clcnn_mem loss = {trainer->losses, (size_t)trainer->step};
    double lr;
    clcnn_status status =
        clcnn_schedule_lr(&trainer->schedule, trainer->steps_total + 1, &lr, error);
    if (!status)
        status =
            send_and_train(trainer, images_of_step(trainer, trainer->step), order, loss, lr, error);
    if (status)
        return status;
    ++trainer->step;
    ++trainer->steps_total;
    return CLCNN_SUCCESS;
}

static clcnn_progress progress_of(const clcnn_trainer *trainer, int first_step, double seconds)
{
    int64_t trained = images_before(trainer, trainer->step) - images_before(trainer, first_step);
    int64_t summed = images_before(trainer, trainer->summed);
    clcnn_progress progress = {
        .epoch = trainer->epochs_done + 1,
        .step = trainer->step,
        .steps = trainer->steps,
        .loss = summed ? trainer->loss_sum / (double)summed : (double)NAN,
        .images_per_second = seconds > 0 ? (double)trained / seconds : 0,
        .seconds = seconds,
    };
    return progress;
}

clcnn_status clcnn_trainer_epoch(clcnn_trainer *trainer, clcnn_progress_fn progress, void *user,
                                 clcnn_progress *result, int *stopped, clcnn_error *error)
{
    if (!trainer)
        return CLCNN__INVALID(error, "clcnn_trainer_epoch: trainer is NULL");
    double start = now();
    int first_step = trainer->step, stop = 0;
    shuffle(trainer);
    while (!stop && trainer->step < trainer->steps) {
        clcnn_status status = enqueue_step(trainer, error);
        if (!status)
            status = poll_losses(trainer, error);
        if (status)
            return status;
        if (progress) {
            clcnn_progress so_far = progress_of(trainer, first_step, now() - start);
            stop = progress(&so_far, user);
        }
    }
    clcnn_status status = finish_losses(trainer, error);
    if (status)
        return status;
    clcnn_progress whole = progress_of(trainer, first_step, now() - start);
    if (result)
        *result = whole;
    if (stopped)
        *stopped = stop != 0;
    if (trainer->step == trainer->steps) {
        ++trainer->epochs_done;
        trainer->step = trainer->summed = 0;
        trainer->loss_sum = 0;
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_trainer_evaluate(clcnn_trainer *trainer, const clcnn_images *images,
                                    double *accuracy, int64_t *confusion, clcnn_error *error)
{
    if (!trainer || !images)
        return CLCNN__INVALID(error, "clcnn_trainer_evaluate: %s is NULL",
                              trainer ? "images" : "trainer");
    return clcnn__evaluate(trainer->ctx, trainer->net, trainer->feed, images, accuracy, confusion,
                           error);
}

/* ---- Saving ------------------------------------------------------------------------------- */

static clcnn_status read_net(clcnn_trainer *trainer, clcnn__checkpoint *checkpoint,
                             clcnn_error *error)
{
    size_t count = clcnn_net_values(trainer->net);
    for (int i = 0; i < 3; ++i) {
        checkpoint->arrays[i] = malloc(count * sizeof(float));
        if (!checkpoint->arrays[i])
            return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a checkpoint");
    }
    return error_of_ctx(trainer,
                        clcnn_net_read(trainer->net, checkpoint->arrays[0], checkpoint->arrays[1],
                                       checkpoint->arrays[2]),
                        error);
}

clcnn_status clcnn_trainer_save(clcnn_trainer *trainer, const char *path, clcnn_error *error)
{
    if (!trainer || !path)
        return CLCNN__INVALID(error, "clcnn_trainer_save: %s is NULL",
                              trainer ? "path" : "trainer");
    const clcnn_dataset *set = trainer->set;
    clcnn__checkpoint checkpoint = {.info = {.layers = strdup(trainer->options.layers),
                                             .c = set->train.c,
                                             .h = set->train.h,
                                             .w = set->train.w,
                                             .classes = clcnn_net_classes(trainer->net),
                                             .options = trainer->options,
                                             .epochs_done = trainer->epochs_done,
                                             .step = trainer->step,
                                             .steps_total = trainer->steps_total,
                                             .train_count = set->train.count,
                                             .test_count = set->test.count,
                                             .data_checksum = trainer->checksum,
                                             .mean = trainer->normalise.mean,
                                             .deviation = trainer->normalise.deviation},
                                    .loss_sum = trainer->loss_sum};
    memcpy(checkpoint.info.data, set->name, sizeof set->name - 1); /* the last byte stays 0 */
    clcnn_status status = checkpoint.info.layers
                              ? read_net(trainer, &checkpoint, error)
                              : CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory");
    if (!status)
        status = clcnn__checkpoint_write(path, &checkpoint, error);
    clcnn__checkpoint_free(&checkpoint);
    return status;
}
