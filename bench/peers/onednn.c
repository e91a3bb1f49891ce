/*
 * The peers `onednn` and `onednn-new`: oneDNN's convolution on plain NCHW tensors, by its version 2
 * or 3, whichever this is compiled with. It may lay out all three tensors as it likes; bringing
 * inputs there and the result back is part of every run, as packing is of ours.
 */
#include "peer.h"

#include "internal.h"
#include "onednn_api.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 4, MOST_ARGS = 3 };

typedef struct step {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t args[MOST_ARGS];
    int count;
} step;

typedef struct onednn {
    peer_conv2d conv;
    dnnl_primitive_desc_t hint, chosen;
    dnnl_memory_t plain[TENSORS], liked[TENSORS]; /* `liked` is `plain` where that is liked */
    step steps[MOST_STEPS];
    int step_count;
    char algo[64];
} onednn;

static dnnl_engine_t engine;
static dnnl_stream_t stream;

/* Which tensor a direction writes, and how oneDNN calls the tensors then. */
static const int results[] = {DST, SRC, WEI};
static const int names[][TENSORS] = {{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                                     {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
                                     {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST}};
static const dnnl_query_t queries[][TENSORS] = {
    {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
    {dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md},
    {dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md}};

/* ---- Descriptions ------------------------------------------------------------------------------
 */

/* plain: as we have it; else: as oneDNN likes. */
static dnnl_status_t describe(const peer_conv2d *conv, int tensor, bool plain, own_md *md)
{
    const clcnn_conv2d *d = &conv->d;
    const int g = d->groups;
    const dnnl_dims_t dims[] = {
        {d->n, d->c, d->h, d->w}, {d->k, d->c, d->r, d->s}, {d->n, d->k, conv->p, conv->q}};
    const dnnl_dims_t grouped = {g, d->k / g, d->c / g, d->r, d->s};
    if (tensor == WEI && g > 1)
        return md_make(md, 5, grouped, plain ? dnnl_goihw : dnnl_format_tag_any);
    return md_make(md, 4, dims[tensor], plain ? dnnl_nchw : dnnl_format_tag_any);
}

static void free_shape(conv_shape *shape)
{
    for (int i = 0; i < TENSORS; i++)
        md_free(&shape->md[i]);
}

static dnnl_status_t describe_conv(const peer_conv2d *conv, conv_shape *shape)
{
    const clcnn_conv2d *d = &conv->d;
    *shape = (conv_shape){.strides = {d->stride_h, d->stride_w},
                          .dilates = {d->dilation_h - 1, d->dilation_w - 1},
                          .before = {d->pad_top, d->pad_left},
                          .after = {d->pad_bottom, d->pad_right}};
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < TENSORS && status == dnnl_success; i++)
        status = describe(conv, i, false, &shape->md[i]);
    return status;
}

/* ---- Steps -------------------------------------------------------------------------------------
 */

static dnnl_status_t add_reorder(onednn *o, dnnl_memory_t from, dnnl_memory_t to)
{
    read_md from_md, to_md;
    dnnl_primitive_desc_t pd;
    dnnl_memory_get_memory_desc(from, &from_md);
    dnnl_memory_get_memory_desc(to, &to_md);
    dnnl_status_t status =
        dnnl_reorder_primitive_desc_create(&pd, from_md, engine, to_md, engine, NULL);
    if (status != dnnl_success)
        return status;
    step *s = &o->steps[o->step_count++];
    *s = (step){.args = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}, .count = 2};
    status = dnnl_primitive_create(&s->primitive, pd);
    dnnl_primitive_desc_destroy(pd);
    return status;
}

static dnnl_status_t make_memory(onednn *o, int i)
{
    float *const values[] = {o->conv.x, o->conv.w, o->conv.y};
    own_md plain;
    const read_md liked = dnnl_primitive_desc_query_md(o->chosen, queries[o->conv.direction][i], 0);
    dnnl_status_t status = describe(&o->conv, i, true, &plain);
    if (status != dnnl_success)
        return status;
    const bool as_it_is = dnnl_memory_desc_equal(md_read(&plain), liked);
    status = dnnl_memory_create(&o->plain[i], md_read(&plain), engine, values[i]);
    md_free(&plain);
    if (status == dnnl_success && !as_it_is)
        return dnnl_memory_create(&o->liked[i], liked, engine, DNNL_MEMORY_ALLOCATE);
    o->liked[i] = o->plain[i];
    return status;
}

static dnnl_status_t make_steps(onednn *o)
{
    const clcnn_direction direction = o->conv.direction;
    const int result = results[direction];
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < TENSORS && status == dnnl_success; i++) {
        status = make_memory(o, i);
        if (status == dnnl_success && i != result && o->liked[i] != o->plain[i])
            status = add_reorder(o, o->plain[i], o->liked[i]);
    }
    if (status != dnnl_success)
        return status;
    step *s = &o->steps[o->step_count++];
    *s = (step){.count = TENSORS};
    for (int i = 0; i < TENSORS; i++)
        s->args[i] = (dnnl_exec_arg_t){names[direction][i], o->liked[i]};
    status = dnnl_primitive_create(&s->primitive, o->chosen);
    if (status == dnnl_success && o->liked[result] != o->plain[result])
        status = add_reorder(o, o->liked[result], o->plain[result]);
    return status;
}

static dnnl_status_t choose(onednn *o)
{
    const clcnn_direction direction = o->conv.direction;
    conv_shape shape;
    dnnl_status_t status = describe_conv(&o->conv, &shape);
    if (status == dnnl_success)
        status = conv_choose(&o->hint, engine, &shape, CLCNN_FORWARD, NULL);
    if (status == dnnl_success)
        status = conv_choose(&o->chosen, engine, &shape, direction,
                             direction == CLCNN_FORWARD ? NULL : o->hint);
    free_shape(&shape);
    const char *text = "";
    if (status == dnnl_success)
        status = dnnl_primitive_desc_query(o->chosen, dnnl_query_impl_info_str, 0, &text);
    snprintf(o->algo, sizeof o->algo, "%s", text);
    return status;
}

/* ---- A case ------------------------------------------------------------------------------------
 */

static clcnn_status run(bench_subject *base, int count, clcnn_error *error)
{
    onednn *o = (onednn *)base;
    dnnl_status_t status = dnnl_success;
    for (; count > 0; count--)
        for (int i = 0; i < o->step_count && status == dnnl_success; i++)
            status = dnnl_primitive_execute(o->steps[i].primitive, stream, o->steps[i].count,
                                            o->steps[i].args);
    if (status == dnnl_success)
        status = dnnl_stream_wait(stream);
    if (status == dnnl_success)
        return CLCNN_SUCCESS;
    return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "oneDNN gave status %d", (int)status);
}

static void destroy(bench_subject *base)
{
    onednn *o = (onednn *)base;
    for (int i = 0; i < o->step_count; i++)
        dnnl_primitive_destroy(o->steps[i].primitive);
    for (int i = 0; i < TENSORS; i++) {
        if (o->liked[i] != o->plain[i])
            dnnl_memory_destroy(o->liked[i]);
        dnnl_memory_destroy(o->plain[i]);
    }
    dnnl_primitive_desc_destroy(o->chosen);
    dnnl_primitive_desc_destroy(o->hint);
    peer_conv2d_free(&o->conv);
    free(o);
}

static clcnn_status create(const bench_request *request, bench_subject **subject,
                           clcnn_error *error)
{
    onednn *o = calloc(1, sizeof *o);
    if (o == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for a case");
    const clcnn_status status = peer_conv2d_init(&o->conv, request, error);
    if (status != CLCNN_SUCCESS) {
        free(o);
        return status;
    }
    o->conv.base.run = run;
    o->conv.base.destroy = destroy;
    dnnl_status_t code = choose(o);
    if (code == dnnl_success)
        code = make_steps(o);
    o->conv.base.algo = o->algo;
    *subject = &o->conv.base;
    if (code == dnnl_success)
        return CLCNN_SUCCESS;
    destroy(*subject);
    *subject = NULL;
    return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "oneDNN gave status %d", (int)code);
}

int main(int argc, char **argv)
{
    const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
    name = name != NULL ? name + 1 : "onednn";
    /* No shorter numbers in a product, whatever the environment says. */
    if (dnnl_set_default_fpmath_mode(dnnl_fpmath_mode_strict) != dnnl_success ||
        dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success)
        return peer_missing(name, "oneDNN finds no CPU engine");
    const dnnl_version_t *v = dnnl_version();
    char version[64];
    snprintf(version, sizeof version, "oneDNN %d.%d.%d", v->major, v->minor, v->patch);
    const int code = peer_serve(&(peer){
        .name = name, .version = version, .device = peer_cpu(peer_threads()), .create = create});
    dnnl_stream_destroy(stream);
    dnnl_engine_destroy(engine);
    return code;
}
