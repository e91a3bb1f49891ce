/*
 * A case of an operation on a device, by clcnn: its tensors and the plan's workspace in device
 * memory, then one call after another. And the same case by the CPU reference.
 */
#include "bench.h"

#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void bench_subject_destroy(bench_subject *subject)
{
    if (subject != NULL)
        subject->destroy(subject);
}

/* The check's tables name some directions otherwise ("backward", "step"). */
static const check_direction *direction_of(const bench_way *way)
{
    const check_direction *d = check_op_find(way->op)->directions;
    while (d->name != NULL && d->direction != way->plan_direction)
        d++;
    return d->name != NULL ? d : NULL;
}

/* ---- On a device -------------------------------------------------------------------------------
 */

typedef struct device_subject {
    bench_subject base;
    const bench_way *way;
    const check_direction *direction;
    check_case c; /* a descriptor alone: the tensors are on the device */
    clcnn_plan plan;
    bench_call call;
    check_call as_check; /* the same call */
} device_subject;

static clcnn_status to_caller(clcnn_ctx *ctx, clcnn_status status, clcnn_error *error)
{
    if (status != CLCNN_SUCCESS)
        *error = *clcnn_last_error(ctx);
    return status;
}

static clcnn_status finish(clcnn_ctx *ctx, clcnn_error *error)
{
    const cl_int code = clFinish(clcnn_ctx_queue(ctx));
    return code == CL_SUCCESS ? CLCNN_SUCCESS : CLCNN__CL_FAIL(error, code, "clFinish");
}

static clcnn_status device_run(bench_subject *base, int count, clcnn_error *error)
{
    device_subject *self = (device_subject *)base;
    clcnn_ctx *ctx = self->call.ctx;
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < count && status == CLCNN_SUCCESS; i++)
        status = to_caller(ctx,
                           self->way->run != NULL ? self->way->run(&self->call)
                                                  : self->direction->run(&self->as_check),
                           error);
    return status == CLCNN_SUCCESS ? finish(ctx, error) : status;
}

static void device_destroy(bench_subject *base)
{
    device_subject *self = (device_subject *)base;
    const clcnn_mem more[] = {self->plan.workspace, self->plan.packed};
    for (int i = 0; i < BENCH_MAX_TENSORS; i++)
        if (self->call.t[i].buf != NULL)
            clReleaseMemObject(self->call.t[i].buf);
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (more[i].buf != NULL)
            clReleaseMemObject(more[i].buf);
    free(self);
}

static clcnn_status device_checksum(bench_subject *base, double *sum, clcnn_error *error)
{
    device_subject *self = (device_subject *)base;
    *sum = NAN;
    if (self->way->result == NULL)
        return CLCNN_SUCCESS;
    if (!bench_is_integral(self->way, &self->c.desc))
        return CLCNN__FAIL(error, CLCNN_INVALID_ARGUMENT,
                           "%s, %s: sums so long are not exact, and can't be compared",
                           self->way->op, self->way->direction);
    int i = 0;
    while (strcmp(self->way->tensors[i], self->way->result) != 0)
        i++;
    const size_t count = bench_tensor_count(self->way, &self->c.desc, self->way->result);
    float *values = malloc((count + 1) * sizeof *values);
    if (values == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory to read %zu results", count);
    const cl_int code =
        clEnqueueReadBuffer(clcnn_ctx_queue(self->call.ctx), self->call.t[i].buf, CL_TRUE, 0,
                            count * sizeof *values, values, 0, NULL, NULL);
    *sum = bench_checksum(values, count, bench_is_sum(self->way) ? &base->off : NULL);
    free(values);
    return code == CL_SUCCESS ? CLCNN_SUCCESS : CLCNN__CL_FAIL(error, code, "clEnqueueReadBuffer");
}

static clcnn_status new_buffer(clcnn_ctx *ctx, size_t bytes, clcnn_mem *mem, clcnn_error *error)
{
    cl_int code;
    mem->buf = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE, bytes, NULL, &code);
    return code == CL_SUCCESS ? CLCNN_SUCCESS : CLCNN__CL_FAIL(error, code, "clCreateBuffer");
}

static clcnn_status new_tensor(device_subject *self, int i, clcnn_error *error)
{
    clcnn_ctx *ctx = self->call.ctx;
    const char *name = self->way->tensors[i];
    const size_t count = bench_tensor_count(self->way, &self->c.desc, name);
    float *values = malloc((count + 1) * sizeof *values);
    if (values == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %zu values", count);
    bench_fill(name, count, values);
    clcnn_status status = new_buffer(ctx, count * sizeof *values, &self->call.t[i], error);
    if (status == CLCNN_SUCCESS) {
        const cl_int code = clEnqueueWriteBuffer(clcnn_ctx_queue(ctx), self->call.t[i].buf, CL_TRUE,
                                                 0, count * sizeof *values, values, 0, NULL, NULL);
        if (code != CL_SUCCESS)
            status = CLCNN__CL_FAIL(error, code, "clEnqueueWriteBuffer");
    }
    free(values);
    return status;
}

/* The tensor's place in the call as the check makes it. */
static void place_tensor(device_subject *self, const char *name, clcnn_mem mem)
{
    for (int i = 0; self->c.op->inputs[i].name != NULL; i++)
        if (strcmp(self->c.op->inputs[i].name, name) == 0)
            self->as_check.in[i] = mem;
    for (int j = 0; self->direction->outputs[j].name != NULL; j++)
        if (strcmp(self->direction->outputs[j].name, name) == 0)
            self->as_check.out[j] = mem;
}

static clcnn_status make_plan(device_subject *self, const bench_request *request,
                              clcnn_error *error)
{
    const clcnn_algo *algos = clcnn_algos(self->way->op);
    clcnn_status status = CLCNN_SUCCESS;
    if (request->algo != NULL && algos[1].name == NULL && strcmp(request->algo, algos->name) != 0)
        status = CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "%s has no algorithm '%s'", self->way->op,
                             request->algo);
    else if (self->c.op->plan != NULL)
        status = to_caller(request->ctx,
                           self->c.op->plan(request->ctx, &self->c.desc, self->way->plan_direction,
                                            request->algo, CLCNN_ANY_WORKSPACE, &self->plan),
                           error);
    else
        self->plan.algo = algos->name;
    if (status == CLCNN_SUCCESS && self->plan.workspace_bytes > 0)
        status = new_buffer(request->ctx, self->plan.workspace_bytes, &self->plan.workspace, error);
    self->base.algo = self->plan.algo;
    self->base.workspace = (double)self->plan.workspace_bytes;
    return status;
}

/* Weights that don't change, once and for all. */
static clcnn_status pack(device_subject *self, clcnn_error *error)
{
    if (!self->way->packs || self->plan.packed_bytes == 0)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "%s packs no weights", self->base.algo);
    const clcnn_status status =
        new_buffer(self->call.ctx, self->plan.packed_bytes, &self->plan.packed, error);
    if (status != CLCNN_SUCCESS)
        return status;
    return to_caller(self->call.ctx, self->direction->pack(&self->as_check), error);
}

clcnn_status bench_subject_create(const bench_request *request, bench_subject **subject,
                                  clcnn_error *error)
{
    *subject = NULL;
    if (request->way == NULL)
        return bench_net_create(request, subject, error);
    device_subject *self = calloc(1, sizeof *self);
    if (self == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for a case");
    *self = (device_subject){
        .base = {.run = device_run, .checksum = device_checksum, .destroy = device_destroy},
        .way = request->way,
        .direction = direction_of(request->way),
        .c = {.op = check_op_find(request->way->op), .desc = request->c->desc},
        .call = {.ctx = request->ctx, .desc = &self->c.desc, .plan = &self->plan},
        .as_check = {.ctx = request->ctx, .c = &self->c, .plan = &self->plan}};
    clcnn_status status = make_plan(self, request, error);
    for (int i = 0; status == CLCNN_SUCCESS && self->way->tensors[i] != NULL; i++) {
        status = new_tensor(self, i, error);
        place_tensor(self, self->way->tensors[i], self->call.t[i]);
    }
    if (status == CLCNN_SUCCESS && request->packed)
        status = pack(self, error);
    if (status == CLCNN_SUCCESS && self->way->first != NULL)
        status = to_caller(request->ctx, self->way->first(&self->call), error);
    if (status == CLCNN_SUCCESS)
        *subject = &self->base;
    else
        device_destroy(&self->base);
    return status;
}

/* ---- By the reference --------------------------------------------------------------------------
 */

typedef struct reference_subject {
    bench_subject base;
    const bench_way *way;
    const check_direction *direction;
    check_case *c;
    check_expected out; /* without magnitudes: plain results are what is measured */
} reference_subject;

static clcnn_status reference_run(bench_subject *base, int count, clcnn_error *error)
{
    reference_subject *self = (reference_subject *)base;
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < count && status == CLCNN_SUCCESS; i++)
        status = self->direction->reference(self->c, &self->out);
    if (status != CLCNN_SUCCESS)
        CLCNN__FAIL(error, status, "the reference of %s refuses the case", self->c->op->name);
    return status;
}

static clcnn_status reference_checksum(bench_subject *base, double *sum, clcnn_error *error)
{
    reference_subject *self = (reference_subject *)base;
    *sum = NAN;
    if (self->way->result == NULL)
        return CLCNN_SUCCESS;
    const size_t count = self->out.out[0].count;
    float *values = malloc((count + 1) * sizeof *values);
    if (values == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %zu results", count);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)self->out.out[0].value[i];
    *sum = bench_checksum(values, count, bench_is_sum(self->way) ? &base->off : NULL);
    free(values);
    return CLCNN_SUCCESS;
}

static void reference_destroy(bench_subject *base)
{
    reference_subject *self = (reference_subject *)base;
    for (int i = 0; i < CHECK_MAX_OUT; i++)
        free(self->out.out[i].value);
    check_case_destroy(self->c);
    free(self);
}

static bool allocate_outputs(reference_subject *self)
{
    for (int j = 0; self->direction->outputs[j].name != NULL; j++) {
        const size_t count =
            bench_tensor_count(self->way, &self->c->desc, self->direction->outputs[j].name);
        self->out.out[j].count = count;
        self->out.out[j].value = calloc(count + 1, sizeof(double));
        if (self->out.out[j].value == NULL)
            return false;
    }
    return true;
}

/* What the device gets as well. Labels, argmax and the like are what the check made of them. */
static clcnn_status fill_inputs(reference_subject *self)
{
    const check_op *op = self->c->op;
    if (strcmp(op->name, "conv2d") == 0) /* the bench's convolutions have no bias */
        check_case_drop(self->c, "b");
    for (int i = 0; op->inputs[i].name != NULL; i++)
        if (!op->inputs[i].integer && !op->inputs[i].derived && self->c->in[i].f != NULL)
            bench_fill(op->inputs[i].name, self->c->in[i].count, self->c->in[i].f);
    return check_case_derive(self->c);
}

clcnn_status bench_reference_create(const bench_request *request, bench_subject **subject,
                                    clcnn_error *error)
{
    *subject = NULL;
    if (request->way == NULL)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "the reference trains no networks here");
    const check_op *op = check_op_find(request->way->op);
    const check_direction *direction = direction_of(request->way);
    reference_subject *self = calloc(1, sizeof *self);
    if (self == NULL || direction == NULL) {
        free(self);
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for a case");
    }
    *self = (reference_subject){.base = {.run = reference_run,
                                         .checksum = reference_checksum,
                                         .destroy = reference_destroy,
                                         .algo = "reference"},
                                .way = request->way,
                                .direction = direction};
    self->c = check_case_create(op, &request->c->desc, CHECK_REALS, 1, error);
    clcnn_status status = self->c != NULL ? fill_inputs(self) : error->status;
    if (status == CLCNN_SUCCESS && op->inputs[0].name != NULL && !allocate_outputs(self))
        status =
            CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the results of %s", op->name);
    if (status == CLCNN_SUCCESS)
        *subject = &self->base;
    else
        reference_destroy(&self->base);
    return status;
}
