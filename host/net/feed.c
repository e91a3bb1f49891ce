/*
 * Images on their way to the device: a ring of host slots that are filled with normalised floats
 * and written without blocking. A slot is taken again once its write, CLCNN__SLOTS batches ago, is
 * done; since the queue is in-order, everything before that write is done too, which bounds the
 * work in flight. A batch is one write: labels first, images behind them.
 */
#include "net.h"

#include <math.h>
#include <stdlib.h>

struct slot {
    float *host; /* label_room + batch * pixels elements of 4 bytes */
    cl_event written;
};

struct clcnn__feed {
    clcnn_ctx *ctx;
    int batch;
    size_t pixels;     /* of one image */
    size_t label_room; /* elements before the images */
    float table[256];  /* normalised value of a byte */
    cl_mem mem;
    unsigned next; /* slot */
    struct slot slots[CLCNN__SLOTS];
};

clcnn__normalise clcnn__normalise_of(const clcnn_images *images)
{
    uint64_t histogram[256] = {0}, sum = 0, squares = 0;
    size_t count =
        (size_t)images->count * (size_t)images->c * (size_t)images->h * (size_t)images->w;
    for (size_t i = 0; i < count; ++i)
        ++histogram[images->pixels[i]];
    for (uint64_t value = 0; value < 256; ++value) {
        sum += histogram[value] * value;
        squares += histogram[value] * value * value;
    }
    double mean = (double)sum / (double)count;
    double variance = (double)squares / (double)count - mean * mean;
    clcnn__normalise normalise = {mean / 255.0, variance > 0 ? sqrt(variance) / 255.0 : 1.0};
    return normalise;
}

static clcnn_status create_mem(clcnn__feed *feed, size_t bytes, clcnn_error *error)
{
    const clcnn_device_info *info = clcnn_ctx_device_info(feed->ctx);
    if (bytes > info->max_allocation)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY,
                           "a batch of %d images needs %.1f MB of device memory in one piece; %s "
                           "gives at most %.1f MB",
                           feed->batch, (double)bytes * 1e-6, info->name,
                           (double)info->max_allocation * 1e-6);
    cl_int code;
    feed->mem = clCreateBuffer(clcnn_ctx_context(feed->ctx), CL_MEM_READ_ONLY, bytes, NULL, &code);
    return code ? CLCNN__CL_FAIL(error, code, "clCreateBuffer") : CLCNN_SUCCESS;
}

clcnn_status clcnn__feed_create(clcnn_ctx *ctx, int batch, size_t pixels,
                                clcnn__normalise normalise, clcnn__feed **result,
                                clcnn_error *error)
{
    *result = NULL;
    clcnn__feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for batches of images");
    feed->ctx = ctx;
    feed->batch = batch;
    feed->pixels = pixels;
    feed->label_room = ((size_t)batch + CLCNN__ALIGN - 1) / CLCNN__ALIGN * CLCNN__ALIGN;
    for (int i = 0; i < 256; ++i)
        feed->table[i] = (float)((i / 255.0 - normalise.mean) / normalise.deviation);
    size_t bytes = (feed->label_room + (size_t)batch * pixels) * sizeof(float);
    clcnn_status status = create_mem(feed, bytes, error);
    for (int i = 0; !status && i < CLCNN__SLOTS; ++i) {
        feed->slots[i].host = calloc(1, bytes);
        if (!feed->slots[i].host)
            status = CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for batches of images");
    }
    if (status) {
        clcnn__feed_destroy(feed);
        return status;
    }
    *result = feed;
    return CLCNN_SUCCESS;
}

/* Waits until the slot's host memory is free. */
static clcnn_status await(struct slot *slot, clcnn_error *error)
{
    if (!slot->written)
        return CLCNN_SUCCESS;
    cl_int code = clWaitForEvents(1, &slot->written);
    clReleaseEvent(slot->written);
    slot->written = NULL;
    return code ? CLCNN__CL_FAIL(error, code, "clWaitForEvents") : CLCNN_SUCCESS;
}

void clcnn__feed_destroy(clcnn__feed *feed)
{
    if (!feed)
        return;
    for (int i = 0; i < CLCNN__SLOTS; ++i) {
        await(&feed->slots[i], NULL);
        free(feed->slots[i].host);
    }
    if (feed->mem)
        clReleaseMemObject(feed->mem);
    free(feed);
}

/* One image as normalised floats. */
static void fill_image(const clcnn__feed *feed, const clcnn__batch *batch, size_t index, float *out)
{
    const uint8_t *in = batch->pixels + index * feed->pixels;
    if (batch->augment) {
        clcnn__movement movement = clcnn__augment_draw(batch->augment, index);
        clcnn__augment_apply(batch->augment, movement, feed->table, in, out);
        return;
    }
    for (size_t p = 0; p < feed->pixels; ++p)
        out[p] = feed->table[in[p]];
}

/* Writes the images, and labels where there are any, into a slot. */
static void fill(const clcnn__feed *feed, struct slot *slot, const clcnn__batch *batch)
{
    int32_t *label_out = (int32_t *)(void *)slot->host;
    float *out = slot->host + feed->label_room;
    for (int i = 0; i < batch->n; ++i) {
        size_t index = batch->order ? batch->order[i] : (size_t)i;
        fill_image(feed, batch, index, out);
        out += feed->pixels;
        if (batch->labels)
            label_out[i] = batch->labels[index];
    }
}

clcnn_status clcnn__feed_send(clcnn__feed *feed, const clcnn__batch *batch, clcnn_mem *images,
                              clcnn_mem *label_mem, clcnn_error *error)
{
    struct slot *slot = &feed->slots[feed->next++ % CLCNN__SLOTS];
    clcnn_status status = await(slot, error);
    if (status)
        return status;
    fill(feed, slot, batch);
    size_t bytes = (feed->label_room + (size_t)batch->n * feed->pixels) * sizeof(float);
    cl_int code = clEnqueueWriteBuffer(clcnn_ctx_queue(feed->ctx), feed->mem, CL_FALSE, 0, bytes,
                                       slot->host, 0, NULL, &slot->written);
    if (code)
        return CLCNN__CL_FAIL(error, code, "clEnqueueWriteBuffer");
    *images = (clcnn_mem){feed->mem, feed->label_room};
    if (label_mem)
        *label_mem = (clcnn_mem){feed->mem, 0};
    return CLCNN_SUCCESS;
}

/* ---- Inference ---------------------------------------------------------------------------- */

struct result {
    float *logits;
    cl_event read;
    int first, n;
};

struct inference {
    clcnn_ctx *ctx;
    clcnn_net *net;
    size_t classes;
    clcnn__take_fn take;
    void *user;
    struct result ring[CLCNN__SLOTS];
};

/* Waits for a result and hands it over; nothing to do when there is none. */
static clcnn_status collect(struct inference *run, struct result *result, clcnn_error *error)
{
    if (!result->read)
        return CLCNN_SUCCESS;
    cl_int code = clWaitForEvents(1, &result->read);
    clReleaseEvent(result->read);
    result->read = NULL;
    if (code)
        return CLCNN__CL_FAIL(error, code, "clWaitForEvents");
    return run->take(run->user, result->first, result->n, result->logits);
}

static clcnn_status infer_batch(struct inference *run, clcnn__feed *feed, struct result *result,
                                const uint8_t *pixels, clcnn_error *error)
{
    clcnn_mem images, logits;
    clcnn__batch batch = {.n = result->n, .pixels = pixels + (size_t)result->first * feed->pixels};
    clcnn_status status = clcnn__feed_send(feed, &batch, &images, NULL, error);
    if (status)
        return status;
    status = clcnn_net_forward(run->net, result->n, images, &logits);
    if (status) {
        if (error)
            *error = *clcnn_last_error(run->ctx);
        return status;
    }
    cl_command_queue queue = clcnn_ctx_queue(run->ctx);
    cl_int code = clEnqueueReadBuffer(queue, logits.buf, CL_FALSE, logits.offset * sizeof(float),
                                      (size_t)result->n * run->classes * sizeof(float),
                                      result->logits, 0, NULL, &result->read);
    if (code)
        return CLCNN__CL_FAIL(error, code, "clEnqueueReadBuffer");
    clFlush(queue);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__infer(clcnn_ctx *ctx, clcnn_net *net, clcnn__feed *feed, int count,
                          const uint8_t *pixels, clcnn__take_fn take, void *user,
                          clcnn_error *error)
{
    struct inference run = {ctx, net, (size_t)clcnn_net_classes(net), take, user, {{0}}};
    float *host = malloc(CLCNN__SLOTS * (size_t)feed->batch * run.classes * sizeof(float));
    if (!host)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for results");
    clcnn_status status = CLCNN_SUCCESS;
    unsigned next = 0;
    for (int first = 0; !status && first < count; ++next) {
        struct result *result = &run.ring[next % CLCNN__SLOTS];
        status = collect(&run, result, error);
        if (status)
            break;
        result->logits = host + (next % CLCNN__SLOTS) * (size_t)feed->batch * run.classes;
        result->first = first;
        result->n = count - first < feed->batch ? count - first : feed->batch;
        first += result->n;
        status = infer_batch(&run, feed, result, pixels, error);
    }
    for (unsigned i = 0; i < CLCNN__SLOTS; ++i) { /* in the order of the images */
        struct result *result = &run.ring[(next + i) % CLCNN__SLOTS];
        if (!status)
            status = collect(&run, result, error);
        else if (result->read) { /* the read must end before its memory goes */
            clWaitForEvents(1, &result->read);
            clReleaseEvent(result->read);
        }
    }
    free(host);
    return status;
}
