/*
 * What differs between the two interfaces of oneDNN. Version 2 has descriptions as values, and
 * describes an operation before it asks for an implementation; version 3 has descriptions as
 * handles, and asks at once. Sources that include this say neither.
 */
#ifndef CLCNN_BENCH_ONEDNN_API_H
#define CLCNN_BENCH_ONEDNN_API_H

#include "clcnn.h"

#include <dnnl.h>

enum { SRC, WEI, DST, TENSORS };

/* A tensor's description that is ours to free, and one that we only read. */
typedef dnnl_memory_desc_t own_md;
#if DNNL_VERSION_MAJOR < 3
typedef const dnnl_memory_desc_t *read_md;
#else
typedef const_dnnl_memory_desc_t read_md;
#endif

typedef struct conv_shape {
    own_md md[TENSORS];
    dnnl_dims_t strides, dilates, before, after;
} conv_shape;

#if DNNL_VERSION_MAJOR < 3

static inline read_md md_read(const own_md *md)
{
    return md;
}

static inline dnnl_status_t md_make(own_md *md, int rank, const dnnl_dims_t dims,
                                    dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_init_by_tag(md, rank, dims, dnnl_f32, tag);
}

static inline void md_free(own_md *md)
{
    (void)md;
}

static inline dnnl_status_t conv_describe(const conv_shape *c, clcnn_direction direction,
                                          dnnl_convolution_desc_t *desc)
{
    const dnnl_alg_kind_t any = dnnl_convolution_auto;
    const own_md *md = c->md;
    if (direction == CLCNN_FORWARD)
        return dnnl_dilated_convolution_forward_desc_init(
            desc, dnnl_forward_training, any, &md[SRC], &md[WEI], NULL, &md[DST], c->strides,
            c->dilates, c->before, c->after);
    if (direction == CLCNN_BACKWARD_DATA)
        return dnnl_dilated_convolution_backward_data_desc_init(
            desc, any, &md[SRC], &md[WEI], &md[DST], c->strides, c->dilates, c->before, c->after);
    return dnnl_dilated_convolution_backward_weights_desc_init(
        desc, any, &md[SRC], &md[WEI], NULL, &md[DST], c->strides, c->dilates, c->before, c->after);
}

static inline dnnl_status_t conv_choose(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                        const conv_shape *c, clcnn_direction direction,
                                        dnnl_primitive_desc_t hint)
{
    dnnl_convolution_desc_t desc;
    const dnnl_status_t status = conv_describe(c, direction, &desc);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &desc, NULL, engine, hint)
                                  : status;
}

#else

static inline read_md md_read(const own_md *md)
{
    return *md;
}

static inline dnnl_status_t md_make(own_md *md, int rank, const dnnl_dims_t dims,
                                    dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(md, rank, dims, dnnl_f32, tag);
}

static inline void md_free(own_md *md)
{
    if (*md != NULL)
        dnnl_memory_desc_destroy(*md);
    *md = NULL;
}

static inline dnnl_status_t conv_choose(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                        const conv_shape *c, clcnn_direction direction,
                                        dnnl_primitive_desc_t hint)
{
    const dnnl_alg_kind_t any = dnnl_convolution_auto;
    const own_md *md = c->md;
    if (direction == CLCNN_FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(
            pd, engine, dnnl_forward_training, any, md[SRC], md[WEI], NULL, md[DST], c->strides,
            c->dilates, c->before, c->after, NULL);
    if (direction == CLCNN_BACKWARD_DATA)
        return dnnl_convolution_backward_data_primitive_desc_create(
            pd, engine, any, md[SRC], md[WEI], md[DST], c->strides, c->dilates, c->before, c->after,
            hint, NULL);
    return dnnl_convolution_backward_weights_primitive_desc_create(
        pd, engine, any, md[SRC], md[WEI], NULL, md[DST], c->strides, c->dilates, c->before,
        c->after, hint, NULL);
}

#endif

#endif
