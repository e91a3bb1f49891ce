/*
 * What a network enqueues: forward passes and training steps. A step is forward in training mode,
 * the loss, backward from the last node to the first that needs it, and one update; nothing waits.
 */
#include "net.h"

/* ---- One node ----------------------------------------------------------------------------- */

static clcnn_mem output_of(const clcnn_net *net, int node, clcnn_mem images, bool training)
{
    if (node == CLCNN__IMAGES)
        return images;
    const clcnn__node *of = &net->graph.nodes[node];
    return clcnn__net_buffer(net, training ? of->y : of->infer_y);
}

static void add_parameters(const clcnn_net *net, const clcnn__layer *layer, bool training,
                           clcnn__work *work)
{
    for (int p = 0; p < layer->parameter_count; ++p) {
        const size_t offset = layer->parameters[p].arena;
        work->parameters[p] = (clcnn_mem){net->arenas[CLCNN__PARAM], offset};
        if (training && !layer->frozen && !layer->parameters[p].statistic)
            work->gradients[p] = (clcnn_mem){net->arenas[CLCNN__GRAD], offset};
    }
}

clcnn__work clcnn__net_parameters_of(const clcnn_net *net, const clcnn__layer *layer)
{
    clcnn__work work = {.ctx = net->ctx, .n = 1};
    add_parameters(net, layer, false, &work);
    return work;
}

/* Where the gradient of the node's only input is to be written. */
static clcnn_mem gradient_for_input(const clcnn_net *net, const clcnn__node *node)
{
    if (node->flow[0] == CLCNN__FLOW_NONE)
        return CLCNN_NO_MEM;
    if (node->flow[0] == CLCNN__FLOW_VIA)
        return clcnn__net_buffer(net, node->via);
    return clcnn__net_buffer(net, net->graph.nodes[node->inputs[0]].dy);
}

/* Everything that node i needs to enqueue `training` or plain work. */
static clcnn__work work_of(const clcnn_net *net, size_t i, const clcnn__plans *plans,
                           clcnn_mem images, bool training)
{
    const clcnn__node *node = &net->graph.nodes[i];
    clcnn__work work = {.ctx = net->ctx,
                        .n = plans->n,
                        .inference = !training,
                        .y = output_of(net, (int)i, images, training)};
    for (int k = 0; k < node->input_count; ++k)
        work.x[k] = output_of(net, node->inputs[k], images, training);
    if (training) {
        work.block = clcnn__net_buffer(net, net->graph.dropout_block);
        work.dy = clcnn__net_buffer(net, node->dy);
        work.dx = gradient_for_input(net, node);
        work.accumulate = node->flow[0] == CLCNN__FLOW_ADD;
        const clcnn__node *input =
            node->inputs[0] == CLCNN__IMAGES ? NULL : &net->graph.nodes[node->inputs[0]];
        if (input && input->slope_by == (int)i)
            work.before = &input->activation;
        work.state = clcnn__net_buffer(net, node->state);
    }
    add_parameters(net, node->layer, training, &work);
    for (int direction = 0; direction < CLCNN__DIRECTIONS; ++direction)
        work.plans[direction] =
            plans->nodes[i][direction].algo ? &plans->nodes[i][direction] : NULL;
    return work;
}

static clcnn_status forward(clcnn_net *net, const clcnn__plans *plans, clcnn_mem images)
{
    net->is_prepared = false; /* running statistics change, and soon the rest */
    for (size_t i = 0; i < net->graph.node_count; ++i) {
        const clcnn__layer *layer = net->graph.nodes[i].layer;
        const clcnn__work work = work_of(net, i, plans, images, true);
        clcnn_status status = layer->kind->forward(layer->self, &work);
        if (status)
            return status;
    }
    return CLCNN_SUCCESS;
}

/* One node in inference, with the weights that were prepared. */
static clcnn_status infer_node(clcnn_net *net, size_t i, const clcnn__plans *plans,
                               clcnn_mem images)
{
    const clcnn__node *node = &net->graph.nodes[i];
    const clcnn__layer *layer = node->layer;
    const clcnn__prepared prepared = clcnn__net_prepared(net, i);
    clcnn__work work = work_of(net, i, plans, images, false);
    clcnn_plan plan = plans->nodes[i][CLCNN_FORWARD];
    if (prepared.w.buf) {
        work.parameters[0] = prepared.w;
        work.parameters[1] = prepared.b;
        work.activation = &node->tail;
    }
    if (prepared.packed.buf && plans == &net->plans[0])
        plan.packed = prepared.packed;
    plan.workspace = clcnn__net_buffer(net, node->infer_workspace);
    if (plan.algo)
        work.plans[CLCNN_FORWARD] = &plan;
    return layer->kind->forward(layer->self, &work);
}

static clcnn_status infer(clcnn_net *net, const clcnn__plans *plans, clcnn_mem images,
                          clcnn_mem *logits)
{
    const int last = (int)net->graph.node_count - 1;
    clcnn_status status = clcnn__net_prepare(net);
    for (size_t i = 0; !status && i < net->graph.node_count; ++i)
        if (!net->graph.nodes[i].folded)
            status = infer_node(net, i, plans, images);
    if (!status)
        *logits = output_of(net, last, images, false);
    return status;
}

/* ---- Backward ----------------------------------------------------------------------------- */

/* Copies the gradient dy of the node's output, or adds it, to that of input k. */
static clcnn_status pass_on(clcnn_net *net, const clcnn__node *node, int k, int n, clcnn_mem dy)
{
    if (node->flow[k] == CLCNN__FLOW_NONE || node->flow[k] == CLCNN__FLOW_SAME)
        return CLCNN_SUCCESS;
    const clcnn__node *input = &net->graph.nodes[node->inputs[k]];
    const clcnn__shape *shape = &input->layer->out;
    const clcnn_add d = {.n = n,
                         .c = shape->c,
                         .h = shape->h,
                         .w = shape->w,
                         .accumulate = node->flow[k] != CLCNN__FLOW_WRITE};
    return clcnn_add_backward(net->ctx, &d, dy, clcnn__net_buffer(net, input->dy), NULL);
}

static clcnn_status backward_node(clcnn_net *net, size_t i, const clcnn__plans *plans,
                                  clcnn_mem images)
{
    const clcnn__node *node = &net->graph.nodes[i];
    const clcnn__layer *layer = node->layer;
    const clcnn__work work = work_of(net, i, plans, images, true);
    clcnn_status status = CLCNN_SUCCESS;
    if (node->activation.kind != CLCNN_IDENTITY && node->slope_by == CLCNN__IMAGES) {
        const clcnn_activation d = {.count = plans->n * layer->out.c * layer->out.h * layer->out.w,
                                    .kind = node->activation.kind,
                                    .alpha = node->activation.alpha};
        status = clcnn_activation_backward(net->ctx, &d, CLCNN_NO_MEM, work.y, work.dy, work.dy);
    }
    if (layer->kind->flags & CLCNN__SUM) {
        for (int k = 0; !status && k < node->input_count; ++k)
            status = pass_on(net, node, k, plans->n, work.dy);
        return status;
    }
    if (!status)
        status = layer->kind->backward(layer->self, &work);
    if (!status && node->flow[0] == CLCNN__FLOW_VIA)
        status = pass_on(net, node, 0, plans->n, work.dx);
    return status;
}

static clcnn_status backward(clcnn_net *net, const clcnn__plans *plans, clcnn_mem images)
{
    clcnn_status status = CLCNN_SUCCESS;
    for (size_t i = net->graph.node_count; !status && i-- > 0;)
        if (net->graph.nodes[i].backward)
            status = backward_node(net, i, plans, images);
    return status;
}

static clcnn_status loss_and_gradient(clcnn_net *net, const clcnn__plans *plans, clcnn_mem labels,
                                      clcnn_mem loss, double label_smoothing)
{
    const clcnn__node *last = &net->graph.nodes[net->graph.node_count - 1];
    const clcnn_softmax_cross_entropy d = {
        .n = plans->n, .classes = clcnn_net_classes(net), .label_smoothing = label_smoothing};
    return clcnn_softmax_cross_entropy_gradient(net->ctx, &d, clcnn__net_buffer(net, last->y),
                                                labels, loss, clcnn__net_buffer(net, last->dy),
                                                &plans->loss);
}

/* ---- Public calls ------------------------------------------------------------------------- */

static clcnn_status check_count(clcnn_net *net, const char *call, int n)
{
    if (n < 1 || n > net->desc.batch)
        return CLCNN__INVALID(&net->ctx->error, "%s: %d images, must be from 1 to the batch %d",
                              call, n, net->desc.batch);
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
        return CLCNN__INVALID(&net->ctx->error, "%s: logits is NULL", __func__);
    const clcnn__plans *plans = NULL;
    clcnn_status status = check_count(net, __func__, n);
    if (status)
        return status;
    const clcnn__tensor tensors[] = {images_tensor(net, n, images), own_tensor(net)};
    status = clcnn__check_tensors(net->ctx, __func__, tensors, 2);
    if (!status)
        status = clcnn__net_plans(net, n, &plans);
    if (!status)
        status = infer(net, plans, images, logits);
    return status;
}

/* Whatever can be wrong with a step, but for the optimiser's numbers, is noticed here. */
static clcnn_status check_step(clcnn_net *net, const char *call, int n, clcnn_mem images,
                               clcnn_mem labels, clcnn_mem loss, const clcnn_net_step *step)
{
    if (!step)
        return CLCNN__INVALID(&net->ctx->error, "%s: step is NULL", call);
    if (!net->desc.training)
        return CLCNN__INVALID(&net->ctx->error, "%s: the net was created without training memory",
                              call);
    if (!(step->label_smoothing >= 0 && step->label_smoothing <= 1))
        return CLCNN__INVALID(&net->ctx->error, "%s: label_smoothing is %g, must be from 0 to 1",
                              call, step->label_smoothing);
    clcnn_status status = check_count(net, call, n);
    if (status)
        return status;
    const clcnn__tensor tensors[] = {images_tensor(net, n, images),
                                     {"labels", labels, (size_t)n, CLCNN__IN},
                                     {"loss", loss, 1, CLCNN__OUT},
                                     own_tensor(net)};
    return clcnn__check_tensors(net->ctx, call, tensors, 4);
}

static clcnn_status prepare_dropout(clcnn_net *net, const clcnn_net_step *step)
{
    if (!net->graph.drops)
        return CLCNN_SUCCESS;
    const clcnn_dropout d = {.seed = step->seed, .step = step->step};
    return clcnn_dropout_prepare(net->ctx, &d, clcnn__net_buffer(net, net->graph.dropout_block));
}

clcnn_status clcnn_net_train_step(clcnn_net *net, int n, clcnn_mem images, clcnn_mem labels,
                                  clcnn_mem loss, const clcnn_net_step *step)
{
    if (!net)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_step(net, __func__, n, images, labels, loss, step);
    const clcnn__plans *plans = NULL;
    if (!status)
        status = clcnn__net_plans(net, n, &plans);
    /* Checks the numbers first, and enqueues nothing but the writing of the net's own block. */
    if (!status)
        status = clcnn__update_prepare(net, step);
    if (!status)
        status = prepare_dropout(net, step);
    if (!status)
        status = forward(net, plans, images);
    if (!status)
        status = loss_and_gradient(net, plans, labels, loss, step->label_smoothing);
    if (!status)
        status = backward(net, plans, images);
    return status ? status : clcnn__update_apply(net, step, plans);
}
