/* What peers in C share: see peer.h. */
#include "peer.h"

#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int peer_threads(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (int)count : 1;
}

const char *peer_cpu(int threads)
{
    static char text[64];
    snprintf(text, sizeof text, "CPU, %d thread%s", threads, threads == 1 ? "" : "s");
    return text;
}

static int say(json_t *line)
{
    const bool said = line != NULL && json_dumpf(line, stdout, JSON_COMPACT) == 0 &&
                      putchar('\n') != EOF && fflush(stdout) == 0;
    json_decref(line);
    return said ? 0 : 1;
}

int peer_missing(const char *name, const char *why)
{
    return say(json_pack("{s:s, s:s}", "peer", name, "missing", why));
}

/* ---- Cases -------------------------------------------------------------------------------------
 */

static json_t *no_answer(const char *why)
{
    return json_pack("{s:s}", "note", why);
}

/* Results come first, so that the time is that of something that was seen to be right. */
static clcnn_status measure(bench_subject *subject, double seconds, double *ms, double *sum,
                            clcnn_error *error)
{
    clcnn_status status = CLCNN_SUCCESS;
    *sum = NAN;
    if (subject->checksum != NULL) {
        status = subject->run(subject, 1, error);
        if (status == CLCNN_SUCCESS)
            status = subject->checksum(subject, sum, error);
    }
    return status == CLCNN_SUCCESS ? bench_sample(subject, seconds, ms, error) : status;
}

static json_t *answer(const peer *self, json_t *line)
{
    bench_case c;
    bench_request request = {.ctx = self->ctx, .c = &c};
    double seconds, ms = 0, sum = NAN;
    char why[256];
    clcnn_error error = {0};
    bench_subject *subject = NULL;
    if (!bench_case_from_json(line, &c, &request.direction, &seconds, why, sizeof why))
        return no_answer(why);
    request.way = bench_way_find(c.op, request.direction);
    if (request.way == NULL && c.images <= 0)
        return no_answer("this is no direction of an operation that is measured");
    clcnn_status status = self->create(&request, &subject, &error);
    if (status == CLCNN_SUCCESS)
        status = measure(subject, seconds, &ms, &sum, &error);
    json_t *result = status == CLCNN_SUCCESS
                         ? json_pack("{s:f, s:s}", "ms", ms, "algo", subject->algo)
                         : no_answer(error.message);
    if (status == CLCNN_SUCCESS && !isnan(sum))
        json_object_set_new(result, "checksum", json_real(sum));
    bench_subject_destroy(subject);
    return result;
}

int peer_serve(const peer *self)
{
    char *line = NULL;
    size_t room = 0;
    int code = say(json_pack("{s:s, s:s, s:s}", "peer", self->name, "version", self->version,
                             "device", self->device));
    while (code == 0 && getline(&line, &room, stdin) > 0) {
        json_error_t wrong;
        json_t *object = json_loads(line, 0, &wrong);
        code = say(object != NULL ? answer(self, object) : no_answer(wrong.text));
        json_decref(object);
    }
    free(line);
    return code;
}

/* ---- Convolutions on host memory ---------------------------------------------------------------
 */

static float *new_tensor(const bench_request *request, const char *name)
{
    const size_t count = bench_tensor_count(request->way, &request->c->desc, name);
    float *values = malloc((count + 1) * sizeof *values);
    if (values != NULL)
        bench_fill(name, count, values); /* also what will be overwritten: pages must be there */
    return values;
}

static void fill_defaults(clcnn_conv2d *d)
{
    int *const at_least_one[] = {&d->stride_h, &d->stride_w, &d->dilation_h, &d->dilation_w,
                                 &d->groups};
    for (size_t i = 0; i < sizeof at_least_one / sizeof *at_least_one; i++)
        if (*at_least_one[i] == 0)
            *at_least_one[i] = 1;
}

clcnn_status peer_conv2d_init(peer_conv2d *self, const bench_request *request, clcnn_error *error)
{
    const bench_way *way = request->way;
    if (way == NULL || strcmp(way->op, "conv2d") != 0)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "it does convolutions alone");
    *self = (peer_conv2d){.d = request->c->desc.conv2d, .direction = way->plan_direction};
    const clcnn_status status = clcnn_conv2d_output(&self->d, &self->p, &self->q, error);
    if (status != CLCNN_SUCCESS)
        return status;
    fill_defaults(&self->d);
    self->x = new_tensor(request, self->direction == CLCNN_BACKWARD_DATA ? "dx" : "x");
    self->w = new_tensor(request, self->direction == CLCNN_BACKWARD_WEIGHTS ? "dw" : "w");
    self->y = new_tensor(request, self->direction == CLCNN_FORWARD ? "y" : "dy");
    float *const results[] = {self->y, self->x, self->w};
    self->result = results[self->direction];
    self->result_count = bench_tensor_count(way, &request->c->desc, way->result);
    self->base.checksum = peer_conv2d_checksum;
    if (self->x != NULL && self->w != NULL && self->y != NULL)
        return CLCNN_SUCCESS;
    peer_conv2d_free(self);
    return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the tensors");
}

void peer_conv2d_free(peer_conv2d *self)
{
    free(self->x);
    free(self->w);
    free(self->y);
    self->x = self->w = self->y = NULL;
}

clcnn_status peer_conv2d_checksum(bench_subject *base, double *sum, clcnn_error *error)
{
    peer_conv2d *self = (peer_conv2d *)base;
    (void)error;
    *sum = bench_checksum(self->result, self->result_count, &base->off);
    return CLCNN_SUCCESS;
}
