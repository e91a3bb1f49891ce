/*
 * First values from a saved network, for training that goes on from what another has learned. A
 * tensor is taken where both networks have one of the same name and shape ("3.weight"); so a
 * network may end in other layers than the saved one, and those keep what was drawn for them.
 */
#include "net.h"

#include <stdlib.h>
#include <string.h>

static bool same_tensor(const clcnn__parameter *a, const clcnn__parameter *b)
{
    bool same = a->rank == b->rank && strcmp(a->name, b->name) == 0;
    for (int i = 0; same && i < a->rank; ++i)
        same = a->shape[i] == b->shape[i];
    return same;
}

/* Copies the tensors of a layer that the other layer has as well; returns how many. */
static size_t take_layer(const clcnn__layer *to, float *values, const clcnn__layer *from,
                         const float *saved)
{
    size_t taken = 0;
    for (int p = 0; p < to->parameter_count && p < from->parameter_count; ++p) {
        const clcnn__parameter *a = &to->parameters[p], *b = &from->parameters[p];
        if (!same_tensor(a, b))
            continue;
        memcpy(values + a->packed, saved + b->packed, a->count * sizeof *values);
        ++taken;
    }
    return taken;
}

static clcnn_status take_all(clcnn_net *net, const clcnn__checkpoint *checkpoint, size_t *taken,
                             clcnn_error *error)
{
    const clcnn_checkpoint_info *info = &checkpoint->info;
    clcnn__layers saved;
    clcnn_status status = clcnn__layers_create(
        info->layers, (clcnn__shape){info->c, info->h, info->w}, &saved, error);
    if (status)
        return status;
    float *values = malloc((net->layers.values + 1) * sizeof *values);
    if (!values)
        status = CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a network");
    if (!status && (status = clcnn_net_read(net, values, NULL, NULL)) && error)
        *error = net->ctx->error;
    for (size_t i = 0; !status && i < net->layers.count && i < saved.count; ++i)
        *taken += take_layer(&net->layers.rows[i], values, &saved.rows[i], checkpoint->arrays[0]);
    if (!status && *taken > 0 && (status = clcnn_net_write(net, values, NULL, NULL)) && error)
        *error = net->ctx->error;
    free(values);
    clcnn__layers_destroy(&saved);
    return status;
}

clcnn_status clcnn__weights_load(clcnn_net *net, const char *path, clcnn_error *error)
{
    clcnn__checkpoint checkpoint;
    clcnn_status status = clcnn__checkpoint_read(path, &checkpoint, error);
    if (status)
        return status;
    size_t taken = 0;
    status = take_all(net, &checkpoint, &taken, error);
    if (!status && taken == 0)
        status = CLCNN__INVALID(error,
                                "%s has no tensor of a name and shape that \"%s\" has; its network "
                                "is \"%s\"",
                                path, net->text, checkpoint.info.layers);
    clcnn__checkpoint_free(&checkpoint);
    return status;
}
