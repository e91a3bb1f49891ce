/*
 * A network on a device: its memory and its plans. Everything is allocated in clcnn_net_create;
 * afterwards there are only enqueues (step.c), and the blocking copies of clcnn_net_read and
 * clcnn_net_write.
 *
 * Memory: one arena for activations, gradients and workspaces as the graph has placed them, and one
 * for each of values (parameters and running statistics), their gradients, and the optimiser's two
 * state arrays, where every tensor begins at a multiple of CLCNN__ALIGN. What lies between tensors
 * is zero and stays zero.
 */
#include "net.h"
#include "philox.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static clcnn_status no_memory(clcnn_error *error)
{
    return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a network");
}

static clcnn_error *error_of(clcnn_net *net)
{
    return &net->ctx->error;
}

/* ---- Plans -------------------------------------------------------------------------------- */

/* Bytes that an enqueued direction of a node may use; before the graph is placed: any number. */
static size_t workspace_limit(const clcnn_net *net, int buffer)
{
    if (!net->graph.buffers)
        return CLCNN_ANY_WORKSPACE;
    return buffer == CLCNN__NO_BUFFER ? 0 : net->graph.buffers[buffer].elements * 4;
}

clcnn_mem clcnn__net_buffer(const clcnn_net *net, int buffer)
{
    if (buffer == CLCNN__NO_BUFFER)
        return CLCNN_NO_MEM;
    return (clcnn_mem){net->work, net->graph.buffers[buffer].offset};
}

/* Convolutions compute the gradient of their weights by itself; normalisations all at once. */
static bool takes_weights_apart(const clcnn__layer_kind *kind)
{
    return kind->flags & CLCNN__ACCUMULATES;
}

static clcnn_status plan_node(clcnn_net *net, size_t i, int n, clcnn_plan *plans)
{
    const clcnn__node *node = &net->graph.nodes[i];
    const clcnn__layer_kind *kind = node->layer->kind;
    const int input = node->inputs[0];
    const bool data = input != CLCNN__IMAGES && net->graph.nodes[input].backward;
    const bool wanted[CLCNN__DIRECTIONS] = {
        [CLCNN_FORWARD] = true,
        [CLCNN_BACKWARD_DATA] = data || (node->backward && !takes_weights_apart(kind)),
        [CLCNN_BACKWARD_WEIGHTS] = node->backward && node->trained};
    for (int direction = 0; direction < CLCNN__DIRECTIONS; ++direction) {
        plans[direction] = (clcnn_plan){0};
        if (!kind->plan || !wanted[direction])
            continue;
        int buffer = node->workspace[direction != CLCNN_FORWARD];
        clcnn_status status = kind->plan(net->ctx, node->layer->self, n, (clcnn_direction)direction,
                                         workspace_limit(net, buffer), &plans[direction]);
        if (status)
            return status;
    }
    return CLCNN_SUCCESS;
}

/* What an operation says does not tell which layer it was, nor the batch. */
static clcnn_status explain(clcnn_net *net, size_t i, int n, clcnn_status status)
{
    char what[sizeof net->ctx->error.message];
    memcpy(what, net->ctx->error.message, sizeof what);
    snprintf(net->ctx->error.message, sizeof what, "\"%s\" with a batch of %d: %.700s",
             net->graph.nodes[i].layer->text, n, what);
    return status;
}

static clcnn_status plan_all(clcnn_net *net, int n, clcnn__plans *plans)
{
    plans->n = 0;
    for (size_t i = 0; i < net->graph.node_count; ++i) {
        clcnn_status status = plan_node(net, i, n, plans->nodes[i]);
        if (status)
            return explain(net, i, n, status);
    }
    clcnn_status status = CLCNN_SUCCESS;
    if (net->desc.training) {
        clcnn_softmax_cross_entropy loss = {.n = n, .classes = clcnn_net_classes(net)};
        clcnn_clip_norm clip = {.count = (int)net->graph.parameter_arena, .max_norm = 1};
        status = clcnn_softmax_cross_entropy_plan(net->ctx, &loss, &plans->loss);
        if (!status)
            status = clcnn_clip_norm_plan(net->ctx, &clip, &plans->clip);
    }
    if (!status)
        plans->n = n;
    return status;
}

/* Points plans at the arena's workspaces. */
static void give_workspaces(const clcnn_net *net, clcnn__plans *plans)
{
    for (size_t i = 0; i < net->graph.node_count; ++i)
        for (int direction = 0; direction < CLCNN__DIRECTIONS; ++direction)
            if (plans->nodes[i][direction].workspace_bytes)
                plans->nodes[i][direction].workspace = clcnn__net_buffer(
                    net, net->graph.nodes[i].workspace[direction != CLCNN_FORWARD]);
    if (!net->desc.training)
        return;
    plans->loss.workspace = clcnn__net_buffer(net, net->graph.loss_workspace);
    plans->clip.workspace = clcnn__net_buffer(net, net->graph.clip_workspace);
}

clcnn_status clcnn__net_plans(clcnn_net *net, int n, const clcnn__plans **plans)
{
    clcnn__plans *mine = &net->plans[n == net->desc.batch ? 0 : 1];
    *plans = mine;
    if (mine->n == n)
        return CLCNN_SUCCESS;
    clcnn_status status = plan_all(net, n, mine);
    if (!status)
        give_workspaces(net, mine);
    return status;
}

/* ---- Parameters between host and device ---------------------------------------------------- */

/* Copies tensors between an arena and packed memory. */
static void repack(const clcnn_net *net, float *arena, float *packed, const float *from)
{
    for (size_t i = 0; i < net->layers.count; ++i)
        for (int p = 0; p < net->layers.rows[i].parameter_count; ++p) {
            const clcnn__parameter *row = &net->layers.rows[i].parameters[p];
            if (from)
                memcpy(arena + row->arena, from + row->packed, row->count * sizeof(float));
            else
                memcpy(packed + row->packed, arena + row->arena, row->count * sizeof(float));
        }
}

static clcnn_status transfer(clcnn_net *net, int which, float *arena, float *to, const float *from)
{
    size_t bytes = net->graph.parameter_arena * sizeof(float);
    cl_command_queue queue = clcnn_ctx_queue(net->ctx);
    cl_int code;
    if (from) {
        net->is_prepared = false;
        memset(arena, 0, bytes);
        repack(net, arena, NULL, from);
        code = clEnqueueWriteBuffer(queue, net->arenas[which], CL_TRUE, 0, bytes, arena, 0, NULL,
                                    NULL);
    } else {
        code =
            clEnqueueReadBuffer(queue, net->arenas[which], CL_TRUE, 0, bytes, arena, 0, NULL, NULL);
        if (!code)
            repack(net, arena, to, NULL);
    }
    if (code)
        return CLCNN__CL_FAIL(error_of(net), code,
                              from ? "clEnqueueWriteBuffer" : "clEnqueueReadBuffer");
    return CLCNN_SUCCESS;
}

/* ---- Creation ----------------------------------------------------------------------------- */

static clcnn_status allocate(clcnn_net *net, size_t elements, const char *what, cl_mem *mem,
                             clcnn_error *error)
{
    if (elements == 0)
        return CLCNN_SUCCESS;
    const clcnn_device_info *info = clcnn_ctx_device_info(net->ctx);
    uint64_t bytes = (uint64_t)elements * 4;
    if (bytes > info->max_allocation || net->memory + bytes > info->global_memory)
        return CLCNN__FAIL(
            error, CLCNN_OUT_OF_MEMORY,
            "a batch of %d needs %.1f MB of device memory in one piece for %s, after "
            "%.1f MB; %s has %.1f MB and gives at most %.1f MB in one piece",
            net->desc.batch, (double)bytes * 1e-6, what, (double)net->memory * 1e-6, info->name,
            (double)info->global_memory * 1e-6, (double)info->max_allocation * 1e-6);
    cl_int code;
    *mem =
        clCreateBuffer(clcnn_ctx_context(net->ctx), CL_MEM_READ_WRITE, (size_t)bytes, NULL, &code);
    if (code)
        return CLCNN__CL_FAIL(error, code, "clCreateBuffer");
    net->memory += (size_t)bytes;
    return CLCNN_SUCCESS;
}

static clcnn_status allocate_all(clcnn_net *net, clcnn_error *error)
{
    static const char *const names[CLCNN__ARENAS] = {
        [CLCNN__PARAM] = "parameters",
        [CLCNN__GRAD] = "gradients of parameters",
        [CLCNN__STATE_0] = "the optimiser's first state",
        [CLCNN__STATE_1] = "the optimiser's second state"};
    clcnn_status status =
        allocate(net, net->graph.arena, "activations and workspaces", &net->work, error);
    for (int i = 0; !status && i < (net->desc.training ? CLCNN__ARENAS : 1); ++i)
        status = allocate(net, net->graph.parameter_arena, names[i], &net->arenas[i], error);
    if (!status)
        status = allocate(net, net->graph.prepared, "weights for inference", &net->prepared, error);
    if (!status && net->desc.training)
        status = allocate(net, net->graph.segment_count * sizeof(clcnn_segment) / 4,
                          "the optimiser's table", &net->table, error);
    return status;
}

static clcnn_status write_segments(clcnn_net *net, clcnn_error *error)
{
    if (!net->table)
        return CLCNN_SUCCESS;
    const size_t bytes = net->graph.segment_count * sizeof(clcnn_segment);
    clcnn_segment *rows = malloc(bytes);
    if (!rows)
        return no_memory(error);
    clcnn__graph_segments(&net->graph, &net->layers, rows);
    cl_int code = clEnqueueWriteBuffer(clcnn_ctx_queue(net->ctx), net->table, CL_TRUE, 0, bytes,
                                       rows, 0, NULL, NULL);
    free(rows);
    return code ? CLCNN__CL_FAIL(error, code, "clEnqueueWriteBuffer") : CLCNN_SUCCESS;
}

static bool create_plans(clcnn_net *net)
{
    for (int i = 0; i < 2; ++i) {
        net->plans[i].nodes = calloc(net->graph.node_count, sizeof *net->plans[i].nodes);
        if (!net->plans[i].nodes)
            return false;
    }
    return true;
}

/* Values are drawn uniformly from [-limit, limit]; 0: they are not drawn. */
static double limit_of(const clcnn__parameter *row, clcnn_init init)
{
    if (row->fan_in == 0 || (row->fan_out == 0 && init != CLCNN_INIT_DEFAULT))
        return 0;
    if (init == CLCNN_INIT_DEFAULT)
        return 1.0 / sqrt((double)row->fan_in);
    return sqrt(6.0 / (row->fan_in + (init == CLCNN_INIT_GLOROT ? (double)row->fan_out : 0)));
}

static void draw(const clcnn__parameter *row, clcnn_init init, uint64_t seed, float *packed)
{
    const double limit = limit_of(row, init);
    for (size_t e = 0; e < row->count; ++e) {
        size_t index = row->packed + e;
        clcnn__philox_counter words = clcnn__philox_at(seed, CLCNN__STREAM_WEIGHTS, index / 4);
        double u = (double)clcnn__philox_float(words.v[index % 4]);
        packed[index] = limit > 0 ? (float)(-limit + 2 * limit * u) : row->value;
    }
}

void clcnn__net_draw(const clcnn__layers *layers, clcnn_init init, uint64_t seed, float *packed)
{
    for (size_t i = 0; i < layers->count; ++i)
        for (int p = 0; p < layers->rows[i].parameter_count; ++p)
            draw(&layers->rows[i].parameters[p], init, seed, packed);
}

/* Draws the parameters; everything else begins as zero, also what lies between tensors. */
static clcnn_status write_first_values(clcnn_net *net, clcnn_error *error)
{
    size_t count = net->layers.values, room = net->graph.parameter_arena;
    if (count == 0)
        return CLCNN_SUCCESS;
    float *packed = calloc(count, sizeof *packed), *arena = malloc(room * sizeof *arena);
    clcnn_status status = packed && arena ? CLCNN_SUCCESS : no_memory(error_of(net));
    for (int i = CLCNN__PARAM + 1; !status && i < (net->desc.training ? CLCNN__ARENAS : 1); ++i)
        status = transfer(net, i, arena, NULL, packed);
    if (!status) {
        clcnn__net_draw(&net->layers, net->desc.init, net->desc.seed, packed);
        status = transfer(net, CLCNN__PARAM, arena, NULL, packed);
    }
    free(packed);
    free(arena);
    if (status && error)
        *error = *error_of(net);
    return status;
}

static clcnn_status set_up(clcnn_net *net, const clcnn_net_desc *desc, clcnn_error *error)
{
    const char *layers = desc->layers ? desc->layers : "lenet5";
    clcnn_status status = clcnn__layers_create(layers, (clcnn__shape){desc->c, desc->h, desc->w},
                                               &net->layers, error);
    if (!status)
        status = clcnn__graph_create(&net->layers, desc->training != 0, &net->graph, error);
    if (status)
        return status;
    if (desc->training && !net->graph.nodes[net->graph.node_count - 1].backward)
        return CLCNN__INVALID(error, "network \"%s\" has nothing to train", net->layers.text);
    net->text = clcnn__layers_text(&net->layers);
    net->desc.layers = net->text;
    if (!net->text || !create_plans(net))
        return no_memory(error);
    status = plan_all(net, desc->batch, &net->plans[0]);
    if (status) {
        if (error)
            *error = *clcnn_last_error(net->ctx);
        return status;
    }
    clcnn__net_place_prepared(net);
    status = clcnn__graph_place(&net->graph, &net->layers, desc->batch, &net->plans[0], error);
    if (!status)
        status = allocate_all(net, error);
    if (status)
        return status;
    give_workspaces(net, &net->plans[0]);
    status = write_segments(net, error);
    return status ? status : write_first_values(net, error);
}

clcnn_status clcnn__check_net_desc(const char *call, const clcnn_net_desc *desc, clcnn_error *error)
{
    if (desc->batch < 1)
        return CLCNN__INVALID(error, "%s: batch is %d, must be at least 1", call, desc->batch);
    if (desc->init < CLCNN_INIT_DEFAULT || desc->init > CLCNN_INIT_GLOROT)
        return CLCNN__INVALID(error, "%s: init is %d, which is none", call, (int)desc->init);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_net_create(clcnn_ctx *ctx, const clcnn_net_desc *desc, clcnn_net **result,
                              clcnn_error *error)
{
    if (result)
        *result = NULL;
    if (!ctx || !desc || !result)
        return CLCNN__INVALID(error, "clcnn_net_create: %s is NULL",
                              !ctx    ? "ctx"
                              : !desc ? "desc"
                                      : "net");
    clcnn_status status = clcnn__check_net_desc("clcnn_net_create", desc, error);
    if (status)
        return status;
    clcnn_net *net = calloc(1, sizeof *net);
    if (!net)
        return no_memory(error);
    net->ctx = ctx;
    net->desc = *desc;
    status = set_up(net, desc, error);
    if (status) {
        clcnn_net_destroy(net);
        return status;
    }
    *result = net;
    return CLCNN_SUCCESS;
}

void clcnn_net_destroy(clcnn_net *net)
{
    if (!net)
        return;
    if (net->work)
        clReleaseMemObject(net->work);
    if (net->table)
        clReleaseMemObject(net->table);
    if (net->prepared)
        clReleaseMemObject(net->prepared);
    for (int i = 0; i < CLCNN__ARENAS; ++i)
        if (net->arenas[i])
            clReleaseMemObject(net->arenas[i]);
    for (int i = 0; i < 2; ++i)
        free(net->plans[i].nodes);
    clcnn__graph_destroy(&net->graph);
    clcnn__layers_destroy(&net->layers);
    free(net->text);
    free(net);
}

const clcnn_net_desc *clcnn_net_get_desc(const clcnn_net *net)
{
    return net ? &net->desc : NULL;
}

int clcnn_net_classes(const clcnn_net *net)
{
    if (!net)
        return 0;
    const clcnn__shape *out = &net->layers.rows[net->layers.count - 1].out;
    return out->c * out->h * out->w;
}

size_t clcnn_net_parameters(const clcnn_net *net)
{
    return net ? net->layers.parameters : 0;
}

size_t clcnn_net_values(const clcnn_net *net)
{
    return net ? net->layers.values : 0;
}

size_t clcnn_net_memory(const clcnn_net *net)
{
    return net ? net->memory : 0;
}

const clcnn__layers *clcnn__net_layers(const clcnn_net *net)
{
    return &net->layers;
}

/* ---- Parameters to and from the host ------------------------------------------------------- */

static clcnn_status transfer_all(clcnn_net *net, const char *call, float *const to[3],
                                 const float *const from[3])
{
    static const int which[3] = {CLCNN__PARAM, CLCNN__STATE_0, CLCNN__STATE_1};
    bool wanted[3];
    for (int i = 0; i < 3; ++i)
        wanted[i] = to ? to[i] != NULL : from[i] != NULL;
    if (!wanted[0])
        return CLCNN__INVALID(error_of(net), "%s: values is NULL", call);
    if (!net->desc.training && (wanted[1] || wanted[2]))
        return CLCNN__INVALID(
            error_of(net), "%s: state_0 and state_1 must be NULL, the net has no training memory",
            call);
    if (net->layers.values == 0)
        return CLCNN_SUCCESS;
    float *arena = malloc(net->graph.parameter_arena * sizeof(float));
    if (!arena)
        return no_memory(error_of(net));
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; !status && i < 3; ++i)
        if (wanted[i])
            status = transfer(net, which[i], arena, to ? to[i] : NULL, to ? NULL : from[i]);
    free(arena);
    return status;
}

clcnn_status clcnn_net_read(clcnn_net *net, float *values, float *state_0, float *state_1)
{
    if (!net)
        return CLCNN_INVALID_ARGUMENT;
    return transfer_all(net, __func__, (float *const[3]){values, state_0, state_1}, NULL);
}

clcnn_status clcnn_net_write(clcnn_net *net, const float *values, const float *state_0,
                             const float *state_1)
{
    if (!net)
        return CLCNN_INVALID_ARGUMENT;
    return transfer_all(net, __func__, NULL, (const float *const[3]){values, state_0, state_1});
}

/* ---- Memory without a device ---------------------------------------------------------------- */

/* The peak of the graph's buffers, in bytes; on failure 0. */
static clcnn_status peak_of(clcnn__layers *layers, const clcnn_net_desc *desc, bool training,
                            clcnn__graph *graph, size_t *bytes, clcnn_error *error)
{
    clcnn_status status = clcnn__graph_create(layers, training, graph, error);
    if (!status)
        status = clcnn__graph_place(graph, layers, desc->batch, NULL, error);
    *bytes = graph->arena * sizeof(float);
    return status;
}

/* Every output by itself, as if none shared its place, and the gradients of those that have one. */
static void add_up(const clcnn__graph *graph, clcnn_net_usage *usage)
{
    for (size_t i = 0; i < graph->node_count; ++i) {
        const clcnn__node *node = &graph->nodes[i];
        const size_t bytes = graph->buffers[node->y].elements * sizeof(float);
        usage->outputs += bytes;
        usage->gradients += node->backward ? bytes : 0;
        usage->largest = usage->largest > bytes ? usage->largest : bytes;
    }
}

clcnn_status clcnn_net_plan_memory(const clcnn_net_desc *desc, clcnn_net_usage *usage,
                                   clcnn_error *error)
{
    if (!desc || !usage)
        return CLCNN__INVALID(error, "%s: %s is NULL", __func__, !desc ? "desc" : "usage");
    clcnn_status status = clcnn__check_net_desc(__func__, desc, error);
    clcnn_net_usage sums = {0};
    for (int training = 0; !status && training < 2; ++training) {
        clcnn__layers layers; /* fusing changes them, so each graph has its own */
        clcnn__graph graph = {0};
        status = clcnn__layers_create(desc->layers ? desc->layers : "lenet5",
                                      (clcnn__shape){desc->c, desc->h, desc->w}, &layers, error);
        if (status)
            return status;
        status = peak_of(&layers, desc, training, &graph,
                         training ? &sums.training : &sums.inference, error);
        if (!status && training)
            add_up(&graph, &sums);
        clcnn__graph_destroy(&graph);
        clcnn__layers_destroy(&layers);
    }
    if (!status)
        *usage = sums;
    return status;
}
