/*
 * From layers to what is computed. Two rewrites leave results as they are, bit for bit:
 *   - an activation goes into the forward pass of the layer before it, where that layer can;
 *   - its gradient then moves behind layers that only select elements (max-pooling): an element
 *     passes a gradient through ReLU exactly when the output that selected it is positive, and
 *     there are fewer outputs.
 *
 * One training step is a row of moments: forward of node i at i, the loss at N, backward of node i
 * at 2N - i, Adam at 2N + 1; Adam's constants are written before everything else, so that they are
 * checked then. Each buffer lives from the moment that writes it to the last one that reads it;
 * memory.c does the rest.
 */
#include "net.h"

#include <stdlib.h>

static bool fuse_into_previous(clcnn__graph *graph, const clcnn__layer *layer)
{
    if (!layer->kind->activation || graph->node_count == 0)
        return false;
    clcnn__node *previous = &graph->nodes[graph->node_count - 1];
    if (!previous->layer->kind->fuse || previous->activation != CLCNN_IDENTITY)
        return false;
    previous->activation = layer->kind->activation(layer->self);
    previous->layer->kind->fuse(previous->layer->self, previous->activation);
    return true;
}

static void move_activations_behind_selections(clcnn__graph *graph)
{
    for (size_t i = 0; i + 1 < graph->node_count; ++i) {
        clcnn__node *node = &graph->nodes[i], *next = node + 1;
        if (node->activation != CLCNN_RELU || !(next->layer->kind->flags & CLCNN__SELECTS))
            continue;
        next->activation = node->activation;
        node->activation = CLCNN_IDENTITY;
    }
}

/* Gives every parameter its place in the arenas. */
static clcnn_status place_parameters(clcnn__graph *graph, clcnn__layers *layers, clcnn_error *error)
{
    for (size_t i = 0; i < layers->count; ++i)
        for (int p = 0; p < layers->rows[i].parameter_count; ++p) {
            clcnn__parameter *parameter = &layers->rows[i].parameters[p];
            size_t room = (parameter->count + CLCNN__ALIGN - 1) / CLCNN__ALIGN * CLCNN__ALIGN;
            if (room > INT32_MAX - graph->parameter_arena)
                return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                                   "the network has 2^31 parameters or more");
            parameter->arena = graph->parameter_arena;
            graph->parameter_arena += room;
        }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__graph_create(clcnn__layers *layers, clcnn__graph *graph, clcnn_error *error)
{
    *graph = (clcnn__graph){.nodes = calloc(layers->count, sizeof(clcnn__node))};
    if (!graph->nodes)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %zu layers", layers->count);
    clcnn_status status = place_parameters(graph, layers, error);
    if (status) {
        clcnn__graph_destroy(graph);
        return status;
    }
    for (size_t i = 0; i < layers->count; ++i) {
        clcnn__layer *layer = &layers->rows[i];
        if (layer->kind->flags & CLCNN__ALIAS || fuse_into_previous(graph, layer))
            continue;
        graph->nodes[graph->node_count++].layer = layer;
    }
    if (graph->node_count == 0) {
        clcnn__graph_destroy(graph);
        return CLCNN__INVALID(error, "network \"%s\" computes nothing", layers->text);
    }
    move_activations_behind_selections(graph);
    while (graph->first_trained < graph->node_count &&
           graph->nodes[graph->first_trained].layer->parameter_count == 0)
        ++graph->first_trained;
    return CLCNN_SUCCESS;
}

void clcnn__graph_destroy(clcnn__graph *graph)
{
    free(graph->nodes);
    free(graph->buffers);
    *graph = (clcnn__graph){0};
}

/* ---- Buffers ------------------------------------------------------------------------------ */

static int new_buffer(clcnn__graph *graph, size_t elements, int first, int last)
{
    if (elements == 0)
        return CLCNN__NO_BUFFER;
    graph->buffers[graph->buffer_count] =
        (clcnn__buffer){.elements = elements, .first = first, .last = last};
    return (int)graph->buffer_count++;
}

static size_t to_elements(size_t bytes)
{
    return (bytes + 3) / 4;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static bool node_keeps(const clcnn__node *node, unsigned what)
{
    return node->layer->kind->flags & what ||
           (what == CLCNN__KEEP_Y && node->activation != CLCNN_IDENTITY);
}

/* The last moment at which node i's output is read. */
static int last_use(const clcnn__graph *graph, int i, bool training)
{
    int n = (int)graph->node_count, first = (int)graph->first_trained, last = i + 1;
    if (training && i >= first && node_keeps(&graph->nodes[i], CLCNN__KEEP_Y))
        last = 2 * n - i;
    else if (training && i + 1 < n && i + 1 >= first &&
             node_keeps(&graph->nodes[i + 1], CLCNN__KEEP_X))
        last = 2 * n - (i + 1);
    return last;
}

static clcnn_status place_node(clcnn__graph *graph, int i, int batch, bool training,
                               const clcnn_plan *plans, clcnn_error *error)
{
    clcnn__node *node = &graph->nodes[i];
    const clcnn__layer *layer = node->layer;
    const clcnn__layer_kind *kind = layer->kind;
    int n = (int)graph->node_count, backward = 2 * n - i;
    size_t elements;
    if (!clcnn__product((int[]){batch, layer->out.c, layer->out.h, layer->out.w}, 4, &elements))
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                           "the output of \"%s\" for a batch of %d (%d x %d x %d each) has 2^31 "
                           "elements or more",
                           layer->text, batch, layer->out.c, layer->out.h, layer->out.w);
    node->y = new_buffer(graph, elements, i, last_use(graph, i, training));
    node->workspace[0] = new_buffer(graph, to_elements(plans[CLCNN_FORWARD].workspace_bytes), i, i);
    node->dy = node->state = node->workspace[1] = CLCNN__NO_BUFFER;
    if (!training || i < (int)graph->first_trained)
        return CLCNN_SUCCESS;
    size_t state = kind->state ? kind->state(layer->self) * (size_t)batch : 0;
    node->state = new_buffer(graph, state, i, backward);
    node->dy = new_buffer(graph, elements, backward - 1, backward);
    size_t work = larger(plans[CLCNN_BACKWARD_DATA].workspace_bytes,
                         plans[CLCNN_BACKWARD_WEIGHTS].workspace_bytes);
    node->workspace[1] = new_buffer(graph, to_elements(work), backward, backward);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__graph_place(clcnn__graph *graph, int batch, bool training,
                                const clcnn__plans *plans, clcnn_error *error)
{
    enum { BUFFERS_OF_NODE = 5, BUFFERS_OF_NET = 2 };
    int n = (int)graph->node_count;
    size_t elements;
    const clcnn__shape *in = &graph->nodes[0].layer->in;
    if (!clcnn__product((int[]){batch, in->c, in->h, in->w}, 4, &elements))
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                           "a batch of %d images (%d x %d x %d each) has 2^31 elements or more",
                           batch, in->c, in->h, in->w);
    graph->buffers =
        calloc(graph->node_count * BUFFERS_OF_NODE + BUFFERS_OF_NET, sizeof(clcnn__buffer));
    if (!graph->buffers)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the plan of a network");
    for (int i = 0; i < n; ++i) {
        clcnn_status status = place_node(graph, i, batch, training, plans->nodes[i], error);
        if (status)
            return status;
    }
    graph->loss_workspace = graph->adam_block = CLCNN__NO_BUFFER;
    if (training) {
        graph->loss_workspace = new_buffer(graph, to_elements(plans->loss.workspace_bytes), n, n);
        graph->adam_block = new_buffer(graph, CLCNN_ADAM_BLOCK, 0, 2 * n + 1);
    }
    if (!clcnn__memory_plan(graph->buffers, graph->buffer_count, &graph->arena))
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the plan of a network");
    return CLCNN_SUCCESS;
}
