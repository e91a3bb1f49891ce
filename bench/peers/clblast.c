/*
 * The peer `clblast`: CLBlast on the device that the bench measures. Forward is its own convolution
 * (convgemm); the other directions, which it does not have, are made of what it has, image by
 * image:
 *
 *   backward_data     dx = col2im(transposed w * dy)
 *   backward_weights  dw = sum over images of dy * transposed im2col(x)
 */
#include "peer.h"

#include "internal.h"

#include <clblast_c.h>
#include <stdlib.h>
#include <string.h>

typedef struct clblast {
    peer_conv2d conv;
    clcnn_ctx *ctx;
    cl_mem x, w, y, columns;
    size_t rows, width; /* c*r*s, p*q */
} clblast;

static clcnn_status said(CLBlastStatusCode code, clcnn_error *error)
{
    if (code == CLBlastSuccess)
        return CLCNN_SUCCESS;
    return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "CLBlast gave status %d", (int)code);
}

/* ---- Calls -------------------------------------------------------------------------------------
 */

static CLBlastStatusCode forward(clblast *b, cl_command_queue *queue)
{
    const clcnn_conv2d *d = &b->conv.d;
    return CLBlastSconvgemm(CLBlastKernelModeCrossCorrelation, (size_t)d->c, (size_t)d->h,
                            (size_t)d->w, (size_t)d->r, (size_t)d->s, (size_t)d->pad_top,
                            (size_t)d->pad_left, (size_t)d->stride_h, (size_t)d->stride_w,
                            (size_t)d->dilation_h, (size_t)d->dilation_w, (size_t)d->k,
                            (size_t)d->n, b->x, 0, b->w, 0, b->y, 0, queue, NULL);
}

/* col2im adds to what is there. */
static CLBlastStatusCode clear_dx(clblast *b, cl_command_queue queue)
{
    const clcnn_conv2d *d = &b->conv.d;
    const float zero = 0;
    const size_t bytes = (size_t)d->n * (size_t)d->c * (size_t)d->h * (size_t)d->w * sizeof zero;
    return (CLBlastStatusCode)clEnqueueFillBuffer(queue, b->x, &zero, sizeof zero, 0, bytes, 0,
                                                  NULL, NULL);
}

static CLBlastStatusCode backward_data(clblast *b, size_t n, cl_command_queue *queue)
{
    const clcnn_conv2d *d = &b->conv.d;
    const size_t k = (size_t)d->k;
    const CLBlastStatusCode code =
        CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeYes, CLBlastTransposeNo, b->rows,
                     b->width, k, 1, b->w, 0, b->rows, b->y, n * k * b->width, b->width, 0,
                     b->columns, 0, b->width, queue, NULL);
    if (code != CLBlastSuccess)
        return code;
    return CLBlastScol2im(CLBlastKernelModeCrossCorrelation, (size_t)d->c, (size_t)d->h,
                          (size_t)d->w, (size_t)d->r, (size_t)d->s, (size_t)d->pad_top,
                          (size_t)d->pad_left, (size_t)d->stride_h, (size_t)d->stride_w,
                          (size_t)d->dilation_h, (size_t)d->dilation_w, b->columns, 0, b->x,
                          n * (size_t)d->c * (size_t)d->h * (size_t)d->w, queue, NULL);
}

static CLBlastStatusCode backward_weights(clblast *b, size_t n, cl_command_queue *queue)
{
    const clcnn_conv2d *d = &b->conv.d;
    const size_t k = (size_t)d->k;
    const CLBlastStatusCode code = CLBlastSim2col(
        CLBlastKernelModeCrossCorrelation, (size_t)d->c, (size_t)d->h, (size_t)d->w, (size_t)d->r,
        (size_t)d->s, (size_t)d->pad_top, (size_t)d->pad_left, (size_t)d->stride_h,
        (size_t)d->stride_w, (size_t)d->dilation_h, (size_t)d->dilation_w, b->x,
        n * (size_t)d->c * (size_t)d->h * (size_t)d->w, b->columns, 0, queue, NULL);
    if (code != CLBlastSuccess)
        return code;
    return CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeYes, k, b->rows,
                        b->width, 1, b->y, n * k * b->width, b->width, b->columns, 0, b->width,
                        n == 0 ? 0.0f : 1.0f, b->w, 0, b->rows, queue, NULL);
}

static clcnn_status run(bench_subject *base, int count, clcnn_error *error)
{
    clblast *b = (clblast *)base;
    cl_command_queue queue = clcnn_ctx_queue(b->ctx);
    CLBlastStatusCode code = CLBlastSuccess;
    for (; count > 0 && code == CLBlastSuccess; count--) {
        if (b->conv.direction == CLCNN_FORWARD) {
            code = forward(b, &queue);
            continue;
        }
        if (b->conv.direction == CLCNN_BACKWARD_DATA)
            code = clear_dx(b, queue);
        for (size_t n = 0; n < (size_t)b->conv.d.n && code == CLBlastSuccess; n++)
            code = b->conv.direction == CLCNN_BACKWARD_DATA ? backward_data(b, n, &queue)
                                                            : backward_weights(b, n, &queue);
    }
    clFinish(queue);
    return said(code, error);
}

/* ---- A case ------------------------------------------------------------------------------------
 */

static clcnn_status checksum(bench_subject *base, double *sum, clcnn_error *error)
{
    clblast *b = (clblast *)base;
    const cl_mem results[] = {b->y, b->x, b->w};
    const cl_int code =
        clEnqueueReadBuffer(clcnn_ctx_queue(b->ctx), results[b->conv.direction], CL_TRUE, 0,
                            b->conv.result_count * sizeof(float), b->conv.result, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        return CLCNN__CL_FAIL(error, code, "clEnqueueReadBuffer");
    return peer_conv2d_checksum(base, sum, error);
}

static void destroy(bench_subject *base)
{
    clblast *b = (clblast *)base;
    const cl_mem buffers[] = {b->x, b->w, b->y, b->columns};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        if (buffers[i] != NULL)
            clReleaseMemObject(buffers[i]);
    peer_conv2d_free(&b->conv);
    free(b);
}

static cl_mem new_buffer(const clblast *b, size_t count, float *values, cl_int *code)
{
    const cl_mem_flags copy = values != NULL ? CL_MEM_COPY_HOST_PTR : 0;
    return *code != CL_SUCCESS ? NULL
                               : clCreateBuffer(clcnn_ctx_context(b->ctx), CL_MEM_READ_WRITE | copy,
                                                count * sizeof(float), values, code);
}

static cl_int make_buffers(clblast *b)
{
    const clcnn_conv2d *d = &b->conv.d;
    cl_int code = CL_SUCCESS;
    b->rows = (size_t)d->c * (size_t)d->r * (size_t)d->s;
    b->width = (size_t)b->conv.p * (size_t)b->conv.q;
    b->x =
        new_buffer(b, (size_t)d->n * (size_t)d->c * (size_t)d->h * (size_t)d->w, b->conv.x, &code);
    b->w = new_buffer(b, (size_t)d->k * b->rows, b->conv.w, &code);
    b->y = new_buffer(b, (size_t)d->n * (size_t)d->k * b->width, b->conv.y, &code);
    if (b->conv.direction != CLCNN_FORWARD)
        b->columns = new_buffer(b, b->rows * b->width, NULL, &code);
    return code;
}

static clcnn_status supported(const clcnn_conv2d *d, clcnn_error *error)
{
    if (d->groups > 1)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "CLBlast convolves without groups");
    if (d->pad_top != d->pad_bottom || d->pad_left != d->pad_right)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "CLBlast pads both sides alike");
    return CLCNN_SUCCESS;
}

static clcnn_status create(const bench_request *request, bench_subject **subject,
                           clcnn_error *error)
{
    clblast *b = calloc(1, sizeof *b);
    if (b == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for a case");
    clcnn_status status = peer_conv2d_init(&b->conv, request, error);
    if (status == CLCNN_SUCCESS)
        status = supported(&b->conv.d, error);
    b->ctx = request->ctx;
    b->conv.base.run = run;
    b->conv.base.checksum = checksum;
    b->conv.base.destroy = destroy;
    const bool forwards = b->conv.direction == CLCNN_FORWARD;
    b->conv.base.algo = forwards ? "convgemm" : "im2col + gemm";
    const cl_int code = status == CLCNN_SUCCESS ? make_buffers(b) : CL_SUCCESS;
    if (code != CL_SUCCESS)
        status = CLCNN__CL_FAIL(error, code, "clCreateBuffer");
    if (status == CLCNN_SUCCESS)
        *subject = &b->conv.base;
    else
        destroy(&b->conv.base);
    return status;
}

int main(void)
{
    clcnn_ctx *ctx;
    clcnn_error error = {0};
    if (clcnn_ctx_open(&ctx, getenv("CLCNN_BENCH_DEVICE"), &error) != CLCNN_SUCCESS)
        return peer_missing("clblast", error.message);
    const int code = peer_serve(&(peer){.name = "clblast",
                                        .version = "CLBlast",
                                        .device = clcnn_ctx_device_info(ctx)->name,
                                        .ctx = ctx,
                                        .create = create});
    CLBlastClearCache();
    clcnn_ctx_destroy(ctx);
    return code;
}
