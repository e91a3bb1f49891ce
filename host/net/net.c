/*
 * A network on a device: its memory, its plans, and the calls that enqueue forward passes and
 * training steps. Everything is allocated in clcnn_net_create; afterwards there are only enqueues
 * (and the blocking copies of clcnn_net_read and clcnn_net_write).
 *
 * Memory: one arena for activations, gradients and workspaces as the graph has placed them, and one
 * for each of parameters, their gradients, and Adam's m and v, where every tensor begins at a
 * multiple of CLCNN__ALIGN. What lies between tensors is zero and stays zero.
 */
#include "net.h"
#include "philox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAM, GRAD, ADAM_M, ADAM_V, ARENAS };

struct clcnn_net {
    clcnn_ctx *ctx;
    clcnn_net_desc desc; /* layers: `text` */
    char *text;
    clcnn__layers layers;
    clcnn__graph graph;
    cl_mem work;           /* the arena of the graph's buffers */
    cl_mem arenas[ARENAS]; /* without training: PARAM alone */
    clcnn__plans plans[2]; /* for the full batch, and for the last other size */
    size_t memory;         /* bytes allocated on the device */
};

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

static clcnn_mem buffer_mem(const clcnn_net *net, int buffer)
{
    if (buffer == CLCNN__NO_BUFFER)
        return CLCNN_NO_MEM;
    return (clcnn_mem){net->work, net->graph.buffers[buffer].offset};
}

static clcnn_status plan_node(clcnn_net *net, size_t i, int n, clcnn_plan *plans)
{
    const clcnn__node *node = &net->graph.nodes[i];
    const clcnn__layer_kind *kind = node->layer->kind;
    bool wanted[CLCNN__DIRECTIONS] = {
        [CLCNN_FORWARD] = true,
        [CLCNN_BACKWARD_DATA] = net->desc.training && i > net->graph.first_trained,
        [CLCNN_BACKWARD_WEIGHTS] = net->desc.training && i >= net->graph.first_trained};
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
    snprintf(net->ctx->error.message, sizeof what, "\"%s\" with a batch of %d: %.800s",
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
    if (net->desc.training) {
        clcnn_softmax_cross_entropy loss = {.n = n, .classes = clcnn_net_classes(net)};
        clcnn_status status = clcnn_softmax_cross_entropy_plan(net->ctx, &loss, &plans->loss);
        if (status)
            return status;
    }
    plans->n = n;
    return CLCNN_SUCCESS;
}

/* Points plans at the arena's workspaces. */
static void give_workspaces(const clcnn_net *net, clcnn__plans *plans)
{
    for (size_t i = 0; i < net->graph.node_count; ++i)
        for (int direction = 0; direction < CLCNN__DIRECTIONS; ++direction)
            if (plans->nodes[i][direction].workspace_bytes)
                plans->nodes[i][direction].workspace =
                    buffer_mem(net, net->graph.nodes[i].workspace[direction != CLCNN_FORWARD]);
    if (net->desc.training)
        plans->loss.workspace = buffer_mem(net, net->graph.loss_workspace);
}

/* The plans for n images; those of a smaller batch are limited to the workspaces that there are. */
static clcnn_status plans_for(clcnn_net *net, int n, const clcnn__plans **plans)
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
    static const char *const names[ARENAS] = {"parameters", "gradients of parameters", "Adam's m",
                                              "Adam's v"};
    clcnn_status status =
        allocate(net, net->graph.arena, "activations and workspaces", &net->work, error);
    for (int i = 0; !status && i < (net->desc.training ? ARENAS : 1); ++i)
        status = allocate(net, net->graph.parameter_arena, names[i], &net->arenas[i], error);
    return status;
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

void clcnn__net_draw(const clcnn__layers *layers, uint64_t seed, float *packed)
{
    for (size_t i = 0; i < layers->count; ++i)
        for (int p = 0; p < layers->rows[i].parameter_count; ++p) {
            const clcnn__parameter *row = &layers->rows[i].parameters[p];
            for (size_t e = 0; e < row->count; ++e) {
                size_t index = row->packed + e;
                clcnn__philox_counter words =
                    clcnn__philox_at(seed, CLCNN__STREAM_WEIGHTS, index / 4);
                double u = (double)clcnn__philox_float(words.v[index % 4]);
                packed[index] = (float)(row->low + (row->high - row->low) * u);
            }
        }
}

/* Draws the parameters; everything else begins as zero, also what lies between tensors. */
static clcnn_status write_first_values(clcnn_net *net, clcnn_error *error)
{
    size_t count = net->layers.parameters, room = net->graph.parameter_arena;
    if (count == 0)
        return CLCNN_SUCCESS;
    float *packed = calloc(count, sizeof *packed), *arena = malloc(room * sizeof *arena);
    clcnn_status status = packed && arena ? CLCNN_SUCCESS : no_memory(error_of(net));
    for (int i = PARAM + 1; !status && i < (net->desc.training ? ARENAS : 1); ++i)
        status = transfer(net, i, arena, NULL, packed);
    if (!status) {
        clcnn__net_draw(&net->layers, net->desc.seed, packed);
        status = transfer(net, PARAM, arena, NULL, packed);
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
        status = clcnn__graph_create(&net->layers, &net->graph, error);
    if (status)
        return status;
    if (desc->training && net->layers.parameters == 0)
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
    status =
        clcnn__graph_place(&net->graph, desc->batch, desc->training != 0, &net->plans[0], error);
    if (!status)
        status = allocate_all(net, error);
    if (status)
        return status;
    give_workspaces(net, &net->plans[0]);
    return write_first_values(net, error);
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
    if (desc->batch < 1)
        return CLCNN__INVALID(error, "clcnn_net_create: batch is %d, must be at least 1",
                              desc->batch);
    clcnn_net *net = calloc(1, sizeof *net);
    if (!net)
        return no_memory(error);
    net->ctx = ctx;
    net->desc = *desc;
    clcnn_status status = set_up(net, desc, error);
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
    for (int i = 0; i < ARENAS; ++i)
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

size_t clcnn_net_memory(const clcnn_net *net)
{
    return net ? net->memory : 0;
}

const clcnn__layers *clcnn__net_layers(const clcnn_net *net)
{
    return &net->layers;
}

/* ---- Work --------------------------------------------------------------------------------- */

/* Everything that node i needs to enqueue `training` or plain work. */
static clcnn__work work_of(const clcnn_net *net, size_t i, const clcnn__plans *plans,
                           clcnn_mem images, bool training)
{
    const clcnn__node *node = &net->graph.nodes[i];
    clcnn__work work = {.ctx = net->ctx,
                        .n = plans->n,
                        .x = i ? buffer_mem(net, node[-1].y) : images,
                        .y = buffer_mem(net, node->y)};
    if (training) {
        work.dy = buffer_mem(net, node->dy);
        work.state = buffer_mem(net, node->state);
        if (i > net->graph.first_trained)
            work.dx = buffer_mem(net, node[-1].dy);
    }
    for (int p = 0; p < node->layer->parameter_count; ++p) {
        size_t offset = node->layer->parameters[p].arena;
        work.parameters[p] = (clcnn_mem){net->arenas[PARAM], offset};
        work.gradients[p] = (clcnn_mem){net->arenas[GRAD], offset};
    }
    for (int direction = 0; direction < CLCNN__DIRECTIONS; ++direction)
        work.plans[direction] =
            plans->nodes[i][direction].algo ? &plans->nodes[i][direction] : NULL;
    return work;
}

static clcnn_status forward(clcnn_net *net, const clcnn__plans *plans, clcnn_mem images,
                            bool training)
{
    for (size_t i = 0; i < net->graph.node_count; ++i) {
        const clcnn__layer *layer = net->graph.nodes[i].layer;
        clcnn__work work = work_of(net, i, plans, images, training);
        clcnn_status status = layer->kind->forward(layer->self, &work);
        if (status)
            return status;
    }
    return CLCNN_SUCCESS;
}

static clcnn_status loss_and_gradient(clcnn_net *net, const clcnn__plans *plans, clcnn_mem labels,
                                      clcnn_mem loss)
{
    const clcnn__node *last = &net->graph.nodes[net->graph.node_count - 1];
    clcnn_softmax_cross_entropy d = {.n = plans->n, .classes = clcnn_net_classes(net)};
    clcnn_mem logits = buffer_mem(net, last->y), y = buffer_mem(net, last->dy);
    clcnn_status status =
        clcnn_softmax_cross_entropy_forward(net->ctx, &d, logits, labels, y, loss, &plans->loss);
    return status ? status : clcnn_softmax_cross_entropy_backward(net->ctx, &d, y, labels, y);
}

static clcnn_status backward(clcnn_net *net, const clcnn__plans *plans, clcnn_mem images)
{
    for (size_t i = net->graph.node_count; i-- > net->graph.first_trained;) {
        const clcnn__node *node = &net->graph.nodes[i];
        const clcnn__layer *layer = node->layer;
        clcnn__work work = work_of(net, i, plans, images, true);
        clcnn_status status = CLCNN_SUCCESS;
        if (node->activation != CLCNN_IDENTITY) {
            clcnn_activation d = {.count = plans->n * layer->out.c * layer->out.h * layer->out.w,
                                  .kind = node->activation};
            status =
                clcnn_activation_backward(net->ctx, &d, CLCNN_NO_MEM, work.y, work.dy, work.dy);
        }
        if (!status)
            status = layer->kind->backward(layer->self, &work);
        if (status)
            return status;
    }
    return CLCNN_SUCCESS;
}

/* The caller's hyper-parameters with the net's own fields. */
static clcnn_adam adam_of(const clcnn_net *net, const clcnn_adam *adam)
{
    clcnn_adam d = *adam;
    d.count = (int)net->graph.parameter_arena;
    d.segments = 0;
    return d;
}

static clcnn_status update(clcnn_net *net, const clcnn_adam *adam)
{
    return clcnn_adam_step(net->ctx, adam, (clcnn_mem){net->arenas[PARAM], 0},
                           (clcnn_mem){net->arenas[GRAD], 0}, (clcnn_mem){net->arenas[ADAM_M], 0},
                           (clcnn_mem){net->arenas[ADAM_V], 0}, CLCNN_NO_MEM,
                           buffer_mem(net, net->graph.adam_block));
}

static clcnn_status check_count(clcnn_net *net, const char *call, int n)
{
    if (n < 1 || n > net->desc.batch)
        return CLCNN__INVALID(error_of(net), "%s: %d images, must be from 1 to the batch %d", call,
                              n, net->desc.batch);
    return CLCNN_SUCCESS;
}

/* The images of a call, and the memory that it writes, as clcnn__check_tensors wants them. */
static clcnn__tensor images_tensor(const clcnn_net *net, int n, clcnn_mem images)
{
    size_t image = (size_t)net->desc.c * (size_t)net->desc.h * (size_t)net->desc.w;
    return (clcnn__tensor){"images", images, (size_t)n * image, CLCNN__IN};
}

static clcnn__tensor own_tensor(const clcnn_net *net)
{
    return (clcnn__tensor){"the net's memory", {net->work, 0}, net->graph.arena, CLCNN__OUT};
}

clcnn_status clcnn_net_forward(clcnn_net *net, int n, clcnn_mem images, clcnn_mem *logits)
{
    if (!net)
        return CLCNN_INVALID_ARGUMENT;
    if (!logits)
        return CLCNN__INVALID(error_of(net), "%s: logits is NULL", __func__);
    const clcnn__plans *plans = NULL;
    clcnn_status status = check_count(net, __func__, n);
    if (status)
        return status;
    const clcnn__tensor tensors[] = {images_tensor(net, n, images), own_tensor(net)};
    status = clcnn__check_tensors(net->ctx, __func__, tensors, 2);
    if (!status)
        status = plans_for(net, n, &plans);
    if (!status)
        status = forward(net, plans, images, false);
    if (!status)
        *logits = buffer_mem(net, net->graph.nodes[net->graph.node_count - 1].y);
    return status;
}

/* Whatever can be wrong with a step is noticed here, before anything of it is enqueued. */
static clcnn_status check_step(clcnn_net *net, const char *call, int n, clcnn_mem images,
                               clcnn_mem labels, clcnn_mem loss, const clcnn_adam *adam)
{
    if (!adam)
        return CLCNN__INVALID(error_of(net), "%s: adam is NULL", call);
    if (!net->desc.training)
        return CLCNN__INVALID(error_of(net), "%s: the net was created without training memory",
                              call);
    clcnn_status status = check_count(net, call, n);
    if (status)
        return status;
    const clcnn__tensor tensors[] = {images_tensor(net, n, images),
                                     {"labels", labels, (size_t)n, CLCNN__IN},
                                     {"loss", loss, 1, CLCNN__OUT},
                                     own_tensor(net)};
    return clcnn__check_tensors(net->ctx, call, tensors, 4);
}

clcnn_status clcnn_net_train_step(clcnn_net *net, int n, clcnn_mem images, clcnn_mem labels,
                                  clcnn_mem loss, const clcnn_adam *adam)
{
    if (!net)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_step(net, __func__, n, images, labels, loss, adam);
    if (status)
        return status;
    const clcnn_adam d = adam_of(net, adam);
    const clcnn__plans *plans = NULL;
    status = plans_for(net, n, &plans);
    /* Checks adam as well, and enqueues nothing but the writing of the net's own block. */
    if (!status)
        status = clcnn_adam_prepare(net->ctx, &d, buffer_mem(net, net->graph.adam_block));
    if (!status)
        status = forward(net, plans, images, true);
    if (!status)
        status = loss_and_gradient(net, plans, labels, loss);
    if (!status)
        status = backward(net, plans, images);
    return status ? status : update(net, &d);
}

/* ---- Parameters to and from the host ------------------------------------------------------- */

static clcnn_status transfer_all(clcnn_net *net, const char *call, float *const to[3],
                                 const float *const from[3])
{
    static const int which[3] = {PARAM, ADAM_M, ADAM_V};
    bool wanted[3];
    for (int i = 0; i < 3; ++i)
        wanted[i] = to ? to[i] != NULL : from[i] != NULL;
    if (!wanted[0])
        return CLCNN__INVALID(error_of(net), "%s: param is NULL", call);
    if (!net->desc.training && (wanted[1] || wanted[2]))
        return CLCNN__INVALID(error_of(net),
                              "%s: m and v must be NULL, the net has no training memory", call);
    if (net->layers.parameters == 0)
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

clcnn_status clcnn_net_read(clcnn_net *net, float *param, float *m, float *v)
{
    if (!net)
        return CLCNN_INVALID_ARGUMENT;
    return transfer_all(net, "clcnn_net_read", (float *const[3]){param, m, v}, NULL);
}

clcnn_status clcnn_net_write(clcnn_net *net, const float *param, const float *m, const float *v)
{
    if (!net)
        return CLCNN_INVALID_ARGUMENT;
    return transfer_all(net, "clcnn_net_write", NULL, (const float *const[3]){param, m, v});
}
