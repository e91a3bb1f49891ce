/*
 * What inference makes of the weights when they have changed: a norm behind a layer is folded into
 * them, and they are packed as the layer's algorithm wants them. A batch smaller than the full one
 * may be computed by another algorithm; it takes the folded weights and packs them itself.
 */
#include "net.h"

static size_t aligned(size_t elements)
{
    return (elements + CLCNN__ALIGN - 1) / CLCNN__ALIGN * CLCNN__ALIGN;
}

static bool folds(const clcnn__node *node)
{
    return node->norm != CLCNN__IMAGES;
}

static size_t packed_elements(const clcnn_net *net, size_t i)
{
    const clcnn_plan *plan = &net->plans[0].nodes[i][CLCNN_FORWARD];
    return net->graph.nodes[i].layer->kind->pack ? aligned((plan->packed_bytes + 3) / 4) : 0;
}

/* Elements of the folded weights, and of the bias behind them. */
static void folded_elements(const clcnn__node *node, size_t *w, size_t *b)
{
    *w = folds(node) ? aligned(node->layer->parameters[0].count) : 0;
    *b = folds(node) ? aligned((size_t)node->layer->out.c) : 0;
}

void clcnn__net_place_prepared(clcnn_net *net)
{
    size_t at = 0;
    for (size_t i = 0; i < net->graph.node_count; ++i) {
        size_t w, b;
        folded_elements(&net->graph.nodes[i], &w, &b);
        net->graph.nodes[i].prepared = at;
        at += w + b + packed_elements(net, i);
    }
    net->graph.prepared = at;
}

clcnn__prepared clcnn__net_prepared(const clcnn_net *net, size_t i)
{
    const clcnn__node *node = &net->graph.nodes[i];
    clcnn__prepared result = {.w = CLCNN_NO_MEM, .b = CLCNN_NO_MEM, .packed = CLCNN_NO_MEM};
    size_t w, b;
    folded_elements(node, &w, &b);
    if (w > 0) {
        result.w = (clcnn_mem){net->prepared, node->prepared};
        result.b = (clcnn_mem){net->prepared, node->prepared + w};
    }
    if (packed_elements(net, i) > 0)
        result.packed = (clcnn_mem){net->prepared, node->prepared + w + b};
    return result;
}

static clcnn_status fold(clcnn_net *net, size_t i, const clcnn__prepared *to)
{
    const clcnn__node *node = &net->graph.nodes[i];
    const clcnn__layer *layer = node->layer, *norm = net->graph.nodes[node->norm].layer;
    const clcnn__work work = clcnn__net_parameters_of(net, norm);
    const clcnn__work weights = clcnn__net_parameters_of(net, layer);
    const size_t filter = layer->parameters[0].count / (size_t)layer->out.c;
    return norm->kind->fold(norm->self, &work, (int)filter, weights.parameters[0],
                            weights.parameters[1], to->w, to->b);
}

static clcnn_status pack(clcnn_net *net, size_t i, const clcnn__prepared *to)
{
    const clcnn__layer *layer = net->graph.nodes[i].layer;
    clcnn__work work = clcnn__net_parameters_of(net, layer);
    clcnn_plan plan = net->plans[0].nodes[i][CLCNN_FORWARD];
    plan.packed = to->packed;
    work.n = net->plans[0].n;
    work.plans[CLCNN_FORWARD] = &plan;
    if (to->w.buf)
        work.parameters[0] = to->w;
    return layer->kind->pack(layer->self, &work);
}

clcnn_status clcnn__net_prepare(clcnn_net *net)
{
    clcnn_status status = CLCNN_SUCCESS;
    for (size_t i = 0; !net->is_prepared && !status && i < net->graph.node_count; ++i) {
        const clcnn__prepared to = clcnn__net_prepared(net, i);
        if (to.w.buf)
            status = fold(net, i, &to);
        if (!status && to.packed.buf)
            status = pack(net, i, &to);
    }
    net->is_prepared = !status && (net->is_prepared || !net->ctx->warm_up);
    return status;
}
