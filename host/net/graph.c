/*
 * From layers to what is computed, and what lies in memory meanwhile.
 *
 * Three rewrites leave results as they are, bit for bit:
 *   - an activation goes into the forward pass of the layer before it, where that layer can and
 *     nobody else takes its output; into the backward pass as well, where the layer is a norm that
 *     does that too;
 *   - the gradient of a ReLU then moves behind layers that only select elements (max-pooling): an
 *     element passes a gradient through ReLU exactly when the output that selected it is positive,
 *     and there are fewer outputs;
 *   - where a layer that can do so is the last to add to a gradient, it takes it through the
 *     activation as well, which then has no pass of its own.
 *
 * A fourth one is for inference alone, and rounds differently: a norm that nobody but it takes the
 * output of a convolution or dense layer for is folded into that layer's weights, together with the
 * activation that follows. The nodes stay, as training needs them, and inference leaves them out.
 *
 * One training step is a row of moments: forward of node i at i, the loss at N, backward of node i
 * at 2N - i, the update at 2N + 1; the optimiser's constants are written before everything else, so
 * that they are checked then. Each buffer lives from the moment that writes it to the last one that
 * reads it; memory.c does the rest. Values that are taken once share their buffer with what is
 * computed from them in place, and so do gradients.
 *
 * Inference has buffers of its own, at moments behind the step's: node i at 2N + 2 + i. They lie in
 * the same arena, but as close together as if there were no training, so that a cache may keep what
 * one layer leaves for the next. Outputs that training keeps lie all over the arena; in their
 * places inference takes a third longer (resnet-mini, an arena of 113 MiB, PoCL).
 */
#include "net.h"

#include <stdlib.h>

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static int later(int a, int b)
{
    return a > b ? a : b;
}

static bool has(const clcnn__node *node, unsigned flags)
{
    return (node->layer->kind->flags & flags) != 0;
}

static bool activates(const clcnn__node *node)
{
    return node->activation.kind != CLCNN_IDENTITY;
}

/* ---- Nodes -------------------------------------------------------------------------------- */

/* How often the output of each node-to-be is taken; `root[i]` is the layer whose output layer i's
 * is under another shape, or i itself. */
static void count_uses(const clcnn__layers *layers, int *root, int *uses)
{
    for (size_t i = 0; i < layers->count; ++i) {
        const clcnn__layer *layer = &layers->rows[i];
        const bool alias = layer->kind->flags & CLCNN__ALIAS;
        for (int k = 0; k < clcnn__layer_inputs(layer); ++k) {
            const int input =
                layer->inputs[k] == CLCNN__IMAGES ? CLCNN__IMAGES : root[layer->inputs[k]];
            if (k == 0)
                root[i] = alias ? input : (int)i;
            if (!alias && input != CLCNN__IMAGES)
                ++uses[input];
        }
    }
}

static bool from_output(clcnn_activation_kind kind)
{
    return kind != CLCNN_SILU && kind != CLCNN_GELU && kind != CLCNN_GELU_TANH;
}

/* Whether the node has taken in an activation. */
static bool has_taken(const clcnn__node *node)
{
    return activates(node) || node->own.kind != CLCNN_IDENTITY;
}

/* Lets `node` take in the activation that `layer` is, if it can. `uses`: of the node's output. */
static bool fuse(const clcnn__graph *graph, clcnn__node *node, const clcnn__layer *layer, int uses)
{
    if (!layer->kind->activation || !node->layer->kind->fuse || has_taken(node) || uses != 1)
        return false;
    const clcnn__activation activation = layer->kind->activation(layer->self);
    if (graph->training && !from_output(activation.kind))
        return false; /* backward will need what the activation took */
    if (!node->layer->kind->fuse(node->layer->self, activation))
        return false;
    *(has(node, CLCNN__OWN_SLOPE) ? &node->own : &node->activation) = activation;
    return true;
}

static void add_node(clcnn__graph *graph, clcnn__layer *layer, const int *node_of)
{
    clcnn__node *node = &graph->nodes[graph->node_count++];
    *node = (clcnn__node){
        .layer = layer, .input_count = clcnn__layer_inputs(layer), .slope_by = CLCNN__IMAGES};
    for (int k = 0; k < node->input_count; ++k) {
        const int input = layer->inputs[k];
        node->inputs[k] = input == CLCNN__IMAGES ? CLCNN__IMAGES : node_of[input];
        if (node->inputs[k] != CLCNN__IMAGES)
            ++graph->nodes[node->inputs[k]].uses;
    }
    graph->drops |= has(node, CLCNN__DROPS);
}

/* node_of[i]: the node whose output layer i's is. */
static clcnn_status make_nodes(clcnn__graph *graph, clcnn__layers *layers, clcnn_error *error)
{
    int *memory = calloc(3 * layers->count, sizeof *memory);
    if (!memory)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %zu layers", layers->count);
    int *root = memory, *uses = root + layers->count, *node_of = uses + layers->count;
    count_uses(layers, root, uses);
    for (size_t i = 0; i < layers->count; ++i) {
        clcnn__layer *layer = &layers->rows[i];
        const int input = layer->inputs[0];
        const int before = input == CLCNN__IMAGES ? CLCNN__IMAGES : node_of[input];
        node_of[i] = before;
        if (layer->kind->flags & CLCNN__ALIAS ||
            (before != CLCNN__IMAGES &&
             fuse(graph, &graph->nodes[before], layer, uses[root[input]])))
            continue;
        node_of[i] = (int)graph->node_count;
        add_node(graph, layer, node_of);
    }
    free(memory);
    return graph->node_count
               ? CLCNN_SUCCESS
               : CLCNN__INVALID(error, "network \"%s\" computes nothing", layers->text);
}

static void move_activations_behind_selections(clcnn__graph *graph)
{
    for (size_t i = 0; i < graph->node_count; ++i) {
        clcnn__node *node = &graph->nodes[i];
        const int from = node->inputs[0];
        if (!has(node, CLCNN__SELECTS) || from == CLCNN__IMAGES)
            continue;
        clcnn__node *before = &graph->nodes[from];
        if (before->activation.kind != CLCNN_RELU || before->uses != 1)
            continue;
        node->activation = before->activation;
        before->activation = (clcnn__activation){CLCNN_IDENTITY, 0};
    }
}

/* ---- Folding, for inference ---------------------------------------------------------------- */

/* Whether a norm that takes this node's output can be folded into its weights. */
static bool can_fold(const clcnn__graph *graph, const clcnn__node *norm)
{
    if (!norm->layer->kind->fold || norm->inputs[0] == CLCNN__IMAGES)
        return false;
    const clcnn__node *node = &graph->nodes[norm->inputs[0]];
    const clcnn__parameter *weights = node->layer->parameters;
    const size_t channels = norm->layer->parameters[0].count;
    return node->layer->kind->pack && node->uses == 1 && !activates(node) &&
           (size_t)node->layer->out.c == channels && weights[0].shape[0] == (int)channels;
}

static void fold_norms(clcnn__graph *graph)
{
    for (size_t i = 0; i < graph->node_count; ++i) {
        clcnn__node *norm = &graph->nodes[i];
        norm->norm = CLCNN__IMAGES;
        if (!can_fold(graph, norm))
            continue;
        clcnn__node *node = &graph->nodes[norm->inputs[0]];
        node->norm = (int)i;
        node->tail = norm->own;
        norm->folded = true;
        for (size_t k = i + 1; norm->uses == 1 && !has_taken(norm) && k < graph->node_count; ++k) {
            clcnn__node *next = &graph->nodes[k];
            if (next->inputs[0] == (int)i && next->layer->kind->activation) {
                node->tail = next->layer->kind->activation(next->layer->self);
                next->folded = true;
            }
        }
    }
}

/* Which nodes have a backward pass: those that depend on something that is trained. */
static void find_trained(clcnn__graph *graph)
{
    for (size_t i = 0; i < graph->node_count; ++i) {
        clcnn__node *node = &graph->nodes[i];
        node->trained = node->layer->parameter_count > 0 && !node->layer->frozen;
        node->backward = graph->training && node->trained;
        for (int k = 0; k < node->input_count; ++k)
            if (node->inputs[k] != CLCNN__IMAGES)
                node->backward |= graph->nodes[node->inputs[k]].backward;
    }
}

/* The first node to take an output is the last to write to its gradient. */
static void hand_slopes_on(clcnn__graph *graph)
{
    for (size_t i = graph->node_count; i-- > 0;) {
        const clcnn__node *node = &graph->nodes[i];
        for (int k = 0; k < node->input_count; ++k) {
            if (node->inputs[k] == CLCNN__IMAGES)
                continue;
            clcnn__node *input = &graph->nodes[node->inputs[k]];
            const bool takes = has(node, CLCNN__TAKES_SLOPE) && input->backward && activates(input);
            input->slope_by = takes ? (int)i : CLCNN__IMAGES;
        }
    }
}

/* ---- Parameters --------------------------------------------------------------------------- */

static size_t room_of(const clcnn__parameter *parameter)
{
    return (parameter->count + CLCNN__ALIGN - 1) / CLCNN__ALIGN * CLCNN__ALIGN;
}

static clcnn_segment segment_of(const clcnn__layer *layer, const clcnn__parameter *parameter)
{
    return (clcnn_segment){.end = (int32_t)(parameter->arena + room_of(parameter)),
                           .lr_factor = 1,
                           .decay_factor = parameter->decays ? 1 : 0,
                           .frozen = layer->frozen || parameter->statistic};
}

/* Gives every parameter its place in the arenas, and counts the optimiser's segments: neighbours
 * that are treated alike are one. */
static clcnn_status place_parameters(clcnn__graph *graph, clcnn__layers *layers, clcnn_error *error)
{
    clcnn_segment last = {0};
    for (size_t i = 0; i < layers->count; ++i)
        for (int p = 0; p < layers->rows[i].parameter_count; ++p) {
            clcnn__parameter *parameter = &layers->rows[i].parameters[p];
            if (room_of(parameter) > INT32_MAX - graph->parameter_arena)
                return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                                   "the network has 2^31 parameters or more");
            parameter->arena = graph->parameter_arena;
            graph->parameter_arena += room_of(parameter);
            const clcnn_segment next = segment_of(&layers->rows[i], parameter);
            if (graph->segment_count == 0 || next.frozen != last.frozen ||
                next.decay_factor != last.decay_factor)
                ++graph->segment_count;
            graph->frozen |= next.frozen != 0;
            last = next;
        }
    return CLCNN_SUCCESS;
}

void clcnn__graph_segments(const clcnn__graph *graph, const clcnn__layers *layers,
                           clcnn_segment *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < layers->count; ++i)
        for (int p = 0; p < layers->rows[i].parameter_count; ++p) {
            const clcnn_segment next = segment_of(&layers->rows[i], &layers->rows[i].parameters[p]);
            if (count > 0 && rows[count - 1].frozen == next.frozen &&
                rows[count - 1].decay_factor == next.decay_factor)
                rows[count - 1].end = next.end;
            else if (count < graph->segment_count)
                rows[count++] = next;
        }
}

clcnn_status clcnn__graph_create(clcnn__layers *layers, bool training, clcnn__graph *graph,
                                 clcnn_error *error)
{
    *graph =
        (clcnn__graph){.training = training, .nodes = calloc(layers->count, sizeof(clcnn__node))};
    if (!graph->nodes)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %zu layers", layers->count);
    clcnn_status status = place_parameters(graph, layers, error);
    if (!status)
        status = make_nodes(graph, layers, error);
    if (status) {
        clcnn__graph_destroy(graph);
        return status;
    }
    if (training)
        move_activations_behind_selections(graph);
    fold_norms(graph);
    find_trained(graph);
    hand_slopes_on(graph);
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

/* A buffer is used at one more moment. */
static void use(clcnn__graph *graph, int buffer, int moment)
{
    graph->buffers[buffer].last = later(graph->buffers[buffer].last, moment);
}

static size_t to_elements(size_t bytes)
{
    return (bytes + 3) / 4;
}

static clcnn_status count_outputs(const clcnn__layer *layer, int batch, size_t *elements,
                                  clcnn_error *error)
{
    const int sizes[] = {batch, layer->out.c, layer->out.h, layer->out.w};
    if (clcnn__product(sizes, 4, elements))
        return CLCNN_SUCCESS;
    return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                       "the output of \"%s\" for a batch of %d (%d x %d x %d each) has 2^31 "
                       "elements or more",
                       layer->text, batch, layer->out.c, layer->out.h, layer->out.w);
}

/* Does backward read this node's output once more? */
static bool keeps_y(const clcnn__node *node)
{
    return node->backward && (has(node, CLCNN__KEEP_Y) || activates(node));
}

static bool keeps_x(const clcnn__node *node)
{
    return node->backward && has(node, CLCNN__KEEP_X);
}

/* The input whose place the node's output can take; CLCNN__IMAGES: none. */
static int in_place_of(const clcnn__graph *graph, const clcnn__node *node, bool training)
{
    if (node->folded && !training)
        return node->inputs[0];
    if (!has(node, CLCNN__IN_PLACE_OK) || (training && keeps_x(node)))
        return CLCNN__IMAGES;
    for (int k = 0; k < node->input_count; ++k) {
        const int input = node->inputs[k];
        if (input != CLCNN__IMAGES && graph->nodes[input].uses == 1 &&
            !(training && keeps_y(&graph->nodes[input])))
            return input;
    }
    return CLCNN__IMAGES;
}

static size_t forward_workspace(const clcnn_plan *plans)
{
    return plans ? to_elements(plans[CLCNN_FORWARD].workspace_bytes) : 0;
}

/* Outputs of training, and what forward leaves for backward. */
static void place_forward(clcnn__graph *graph, int i, int batch, size_t elements,
                          const clcnn_plan *plans)
{
    clcnn__node *node = &graph->nodes[i];
    const clcnn__layer_kind *kind = node->layer->kind;
    const int backward = 2 * (int)graph->node_count - i;
    const int place = in_place_of(graph, node, true);
    node->y = place == CLCNN__IMAGES ? new_buffer(graph, elements, i, i) : graph->nodes[place].y;
    use(graph, node->y, keeps_y(node) ? backward : i + 1); /* the next moment takes it or it ends */
    for (int k = 0; k < node->input_count; ++k)
        if (node->inputs[k] != CLCNN__IMAGES)
            use(graph, graph->nodes[node->inputs[k]].y, keeps_x(node) ? backward : i);
    const size_t state = node->backward && kind->state ? kind->state(node->layer->self, batch) : 0;
    node->state = new_buffer(graph, state, i, backward);
    node->workspace[0] = new_buffer(graph, forward_workspace(plans), i, i);
}

/* Outputs of inference. What is folded has its output in the input's place. */
static void place_inference(clcnn__graph *graph, int i, size_t elements, const clcnn_plan *plans)
{
    clcnn__node *node = &graph->nodes[i];
    const int moment = 2 * (int)graph->node_count + 2 + i, place = in_place_of(graph, node, false);
    node->infer_y = place == CLCNN__IMAGES ? new_buffer(graph, elements, moment, moment)
                                           : graph->nodes[place].infer_y;
    use(graph, node->infer_y, moment + 1);
    for (int k = 0; k < node->input_count; ++k)
        if (node->inputs[k] != CLCNN__IMAGES)
            use(graph, graph->nodes[node->inputs[k]].infer_y, moment);
    node->infer_workspace = new_buffer(graph, forward_workspace(plans), moment, moment);
}

static clcnn_status place_node(clcnn__graph *graph, int i, int batch, const clcnn_plan *plans,
                               clcnn_error *error)
{
    clcnn__node *node = &graph->nodes[i];
    size_t elements;
    clcnn_status status = count_outputs(node->layer, batch, &elements, error);
    if (status)
        return status;
    node->state = node->dy = node->via = node->workspace[1] = CLCNN__NO_BUFFER;
    node->flow[0] = node->flow[1] = CLCNN__FLOW_NONE;
    node->dy_shared = false;
    place_inference(graph, i, elements, plans);
    if (graph->training) {
        place_forward(graph, i, batch, elements, plans);
    } else {
        node->y = node->infer_y;
        node->workspace[0] = node->infer_workspace;
    }
    return CLCNN_SUCCESS;
}

/* ---- Gradients ---------------------------------------------------------------------------- */

static size_t elements_of(const clcnn__graph *graph, const clcnn__node *node)
{
    return graph->buffers[node->y].elements;
}

/* The node whose output this input is, if a gradient for it is wanted; else NULL. */
static clcnn__node *wanted(const clcnn__graph *graph, const clcnn__node *node, int k)
{
    clcnn__node *input = node->inputs[k] == CLCNN__IMAGES ? NULL : &graph->nodes[node->inputs[k]];
    return input && input->backward ? input : NULL;
}

/* The input's gradient gets its own buffer, or one more summand in the one that it has. */
static void flow_apart(clcnn__graph *graph, clcnn__node *node, int k, int moment)
{
    clcnn__node *input = wanted(graph, node, k);
    if (!input)
        return;
    if (input->dy == CLCNN__NO_BUFFER) {
        input->dy = new_buffer(graph, elements_of(graph, input), moment, moment);
        node->flow[k] = CLCNN__FLOW_WRITE;
        return;
    }
    use(graph, input->dy, moment);
    if (has(node, CLCNN__ACCUMULATES | CLCNN__SUM)) {
        node->flow[k] = CLCNN__FLOW_ADD;
        return;
    }
    node->via = new_buffer(graph, elements_of(graph, input), moment, moment);
    node->flow[k] = CLCNN__FLOW_VIA;
}

static void flow_same(const clcnn__node *node, clcnn__node *input, clcnn__flow *flow)
{
    input->dy = node->dy;
    *flow = CLCNN__FLOW_SAME;
}

/* The last node but `but` that takes the output of node i. */
static int last_other_use(const clcnn__graph *graph, int i, int but)
{
    for (int k = (int)graph->node_count - 1; k > i; --k)
        for (int input = 0; input < graph->nodes[k].input_count; ++input)
            if (k != but && graph->nodes[k].inputs[input] == i)
                return k;
    return i;
}

/*
 * The gradient of a sum is that of its summands, so it can lie where they want it, copied nowhere.
 * Of the two, `high` comes first in the backward pass. It may have the place for itself if nobody
 * else takes it. `low` may have the place, too, if all that others add to it comes after `high` has
 * read it, and if `high` doesn't write there. A value added to itself gets its gradient in the
 * order of the inputs, as step.c passes it on.
 */
static void flow_of_sum(clcnn__graph *graph, int i, int moment)
{
    clcnn__node *node = &graph->nodes[i];
    const int h = node->inputs[0] >= node->inputs[1] ? 0 : 1, l = 1 - h;
    const int high = node->inputs[h], low = node->inputs[l];
    clcnn__node *of_high = wanted(graph, node, h), *of_low = wanted(graph, node, l);
    const bool free_to_share = !node->dy_shared && high != low;
    const bool high_alone = free_to_share && of_high && of_high->uses == 1;
    const bool low_first = free_to_share && of_low && of_low->dy == CLCNN__NO_BUFFER;
    const bool both =
        high_alone && low_first && !activates(of_high) && last_other_use(graph, low, i) < high;
    if (high_alone)
        flow_same(node, of_high, &node->flow[h]);
    else
        flow_apart(graph, node, h, moment);
    if (both || (low_first && !high_alone)) {
        flow_same(node, of_low, &node->flow[l]);
        if (both)
            of_high->dy_shared = true;
    } else {
        flow_apart(graph, node, l, moment);
    }
}

static void place_backward(clcnn__graph *graph, int i, const clcnn_plan *plans)
{
    clcnn__node *node = &graph->nodes[i];
    if (!node->backward)
        return;
    const int n = (int)graph->node_count, moment = 2 * n - i;
    if (i == n - 1)
        node->dy = new_buffer(graph, elements_of(graph, node), n, n);
    use(graph, node->dy, moment);
    clcnn__node *input = wanted(graph, node, 0);
    if (has(node, CLCNN__SUM))
        flow_of_sum(graph, i, moment);
    else if (has(node, CLCNN__IN_PLACE_OK) && input && input->uses == 1 && !node->dy_shared)
        flow_same(node, input, &node->flow[0]);
    else
        flow_apart(graph, node, 0, moment);
    const size_t work = plans ? larger(plans[CLCNN_BACKWARD_DATA].workspace_bytes,
                                       plans[CLCNN_BACKWARD_WEIGHTS].workspace_bytes)
                              : 0;
    node->workspace[1] = new_buffer(graph, to_elements(work), moment, moment);
}

/* ---- All of it ---------------------------------------------------------------------------- */

static void place_rest(clcnn__graph *graph, const clcnn__plans *plans)
{
    const int n = (int)graph->node_count;
    graph->loss_workspace = graph->clip_workspace = CLCNN__NO_BUFFER;
    graph->optimiser_block = graph->dropout_block = CLCNN__NO_BUFFER;
    if (!graph->training)
        return;
    if (plans) {
        graph->loss_workspace = new_buffer(graph, to_elements(plans->loss.workspace_bytes), n, n);
        graph->clip_workspace =
            new_buffer(graph, to_elements(plans->clip.workspace_bytes), 2 * n + 1, 2 * n + 1);
    }
    graph->optimiser_block = new_buffer(graph, CLCNN_OPTIMISER_BLOCK, 0, 2 * n + 1);
    if (graph->drops)
        graph->dropout_block = new_buffer(graph, CLCNN_DROPOUT_BLOCK, 0, 2 * n + 1);
}

static clcnn_status check_images(const clcnn__layers *layers, int batch, clcnn_error *error)
{
    size_t elements;
    const clcnn__shape *in = &layers->in;
    if (clcnn__product((const int[]){batch, in->c, in->h, in->w}, 4, &elements))
        return CLCNN_SUCCESS;
    return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                       "a batch of %d images (%d x %d x %d each) has 2^31 elements or more", batch,
                       in->c, in->h, in->w);
}

clcnn_status clcnn__graph_place(clcnn__graph *graph, const clcnn__layers *layers, int batch,
                                const clcnn__plans *plans, clcnn_error *error)
{
    enum { BUFFERS_OF_NODE = 9, BUFFERS_OF_NET = 4 };
    const int n = (int)graph->node_count;
    clcnn_status status = check_images(layers, batch, error);
    if (status)
        return status;
    graph->buffers =
        calloc(graph->node_count * BUFFERS_OF_NODE + BUFFERS_OF_NET, sizeof(clcnn__buffer));
    if (!graph->buffers)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the plan of a network");
    for (int i = 0; i < n; ++i) {
        status = place_node(graph, i, batch, plans ? plans->nodes[i] : NULL, error);
        if (status)
            return status;
    }
    for (int i = n; i-- > 0;)
        place_backward(graph, i, plans ? plans->nodes[i] : NULL);
    place_rest(graph, plans);
    if (!clcnn__memory_plan(graph->buffers, graph->buffer_count, &graph->arena))
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the plan of a network");
    return CLCNN_SUCCESS;
}
