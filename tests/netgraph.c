/*
 * Graphs and their memory plans, without a device. Each graph is run on abstract values: an element
 * of memory is a 64-bit number, an operation's result is a hash of what it reads, and gradients are
 * products and sums of such hashes, so that they are linear as the real ones. What comes out is
 * held against the same computation by layers, each with memory of its own. Whatever overwrites a
 * value that is still to be read, or lets a gradient take a wrong way, changes a number.
 *
 * Tables hold the cases that somebody has thought of, a generator makes the others.
 */
#include "harness.h"
#include "net.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 96, TEXT = 8192 };

/* ---- Abstract values ------------------------------------------------------------------------ */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= UINT64_C(0x9e3779b97f4a7c15);
    x ^= x >> 29;
    x *= UINT64_C(0xbf58476d1ce4e5b9);
    return x ^ x >> 32;
}

static uint64_t hash(uint64_t a, uint64_t b, uint64_t c)
{
    return mix(mix(mix(a + 1) + b) + c);
}

/* Low bits that selections keep: what a ReLU's gradient looks at, before a pooling or behind it. */
enum { SIGN = 0xffff };

enum { FORWARD = 1, STATE, BACKWARD, WEIGHTS, ACTIVATION, SLOPE, LOSS, SCRIBBLE };

static uint64_t activated(clcnn__activation activation, uint64_t x)
{
    uint64_t alpha;
    memcpy(&alpha, &activation.alpha, sizeof alpha);
    return activation.kind == CLCNN_IDENTITY
               ? x
               : hash(ACTIVATION, (uint64_t)activation.kind + x, alpha);
}

/* The factor by which an activation's gradient multiplies, from what it reads. */
static uint64_t slope(clcnn_activation_kind kind, uint64_t read)
{
    return hash(SLOPE, (uint64_t)kind, kind == CLCNN_RELU ? read & SIGN : read) | 1;
}

/* A layer's output from its inputs, without what is fused into it. */
static uint64_t output_of(const clcnn__layer *layer, size_t number, const uint64_t *x)
{
    if (layer->kind->activation)
        return activated(layer->kind->activation(layer->self), x[0]);
    const uint64_t y = hash(FORWARD, number, hash(x[0], layer->kind->inputs > 1 ? x[1] : 0, 0));
    return layer->kind->flags & CLCNN__SELECTS ? (y & ~(uint64_t)SIGN) | (x[0] & SIGN) : y;
}

static bool has_state(const clcnn__layer *layer)
{
    return layer->kind->state && layer->kind->state(layer->self, 1) > 0;
}

static uint64_t state_of(size_t number, uint64_t x)
{
    return hash(STATE, number, x);
}

/* The factor by which a layer's backward pass multiplies. */
static uint64_t factor_of(const clcnn__layer *layer, size_t number, uint64_t x, uint64_t y,
                          uint64_t state)
{
    const unsigned flags = layer->kind->flags;
    if (layer->kind->activation)
        return slope(layer->kind->activation(layer->self).kind, flags & CLCNN__KEEP_X ? x : y);
    const uint64_t read = hash(flags & CLCNN__KEEP_X ? x : 0, flags & CLCNN__KEEP_Y ? y : 0,
                               has_state(layer) ? state : 0);
    return flags & CLCNN__SUM ? 1 : hash(BACKWARD, number, read) | 1;
}

/* ---- By layers ------------------------------------------------------------------------------ */

typedef struct expected {
    uint64_t v[MAX_LAYERS]; /* outputs */
    uint64_t g[MAX_LAYERS]; /* gradients with respect to them */
    uint64_t w[MAX_LAYERS]; /* gradients of parameters; 0: not trained */
    bool wanted[MAX_LAYERS];
} expected;

static const uint64_t images = UINT64_C(0x696d61676573);

static int inputs_of(const clcnn__layer *layer)
{
    return layer->kind->inputs > 1 ? layer->kind->inputs : 1;
}

static void expect_forward(const clcnn__layers *layers, expected *e)
{
    for (size_t i = 0; i < layers->count; ++i) {
        const clcnn__layer *layer = &layers->rows[i];
        uint64_t x[CLCNN__MAX_INPUTS] = {0};
        e->wanted[i] = layer->kind->parameters && !layer->frozen;
        for (int k = 0; k < inputs_of(layer); ++k) {
            const int input = layer->inputs[k];
            x[k] = input == CLCNN__IMAGES ? images : e->v[input];
            e->wanted[i] |= input != CLCNN__IMAGES && e->wanted[input];
        }
        e->v[i] = layer->kind->flags & CLCNN__ALIAS ? x[0] : output_of(layer, i, x);
    }
}

static void expect_backward(const clcnn__layers *layers, expected *e)
{
    e->g[layers->count - 1] = hash(LOSS, e->v[layers->count - 1], 0);
    for (size_t i = layers->count; i-- > 0;) {
        const clcnn__layer *layer = &layers->rows[i];
        const int input = layer->inputs[0];
        const uint64_t x = input == CLCNN__IMAGES ? images : e->v[input];
        if (layer->kind->parameters && !layer->frozen)
            e->w[i] = hash(WEIGHTS, hash(i, x, 0), e->g[i]);
        const uint64_t dx = layer->kind->flags & CLCNN__ALIAS
                                ? e->g[i]
                                : e->g[i] * factor_of(layer, i, x, e->v[i], state_of(i, x));
        for (int k = 0; k < inputs_of(layer); ++k)
            if (layer->inputs[k] != CLCNN__IMAGES)
                e->g[layer->inputs[k]] += dx;
    }
}

/* ---- By the graph, in the memory that it plans ----------------------------------------------- */

typedef struct machine {
    const char *text;
    const clcnn__layers *layers;
    const clcnn__graph *graph;
    const expected *expected;
    uint64_t *memory; /* [graph->arena] */
    uint64_t scribbles;
    bool ok;
} machine;

static void fail(machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(machine *m, const char *format, ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (m->ok) /* the first failure explains the others */
        CHECK(false, "\"%s\" (%s): %s", m->text, m->graph->training ? "training" : "inference",
              sentence);
    m->ok = false;
}

static const clcnn__buffer *buffer_of(machine *m, int buffer, const char *what)
{
    if (buffer >= 0 && (size_t)buffer < m->graph->buffer_count) {
        const clcnn__buffer *b = &m->graph->buffers[buffer];
        if (b->elements > 0 && b->offset + b->elements <= m->graph->arena)
            return b;
    }
    fail(m, "%s has no memory", what);
    return NULL;
}

static void put(machine *m, int buffer, uint64_t value, const char *what)
{
    const clcnn__buffer *b = buffer_of(m, buffer, what);
    for (size_t i = 0; b && i < b->elements; ++i)
        m->memory[b->offset + i] = value;
}

static uint64_t get(machine *m, int buffer, const char *what)
{
    const clcnn__buffer *b = buffer_of(m, buffer, what);
    for (size_t i = 1; b && i < b->elements; ++i)
        if (m->memory[b->offset + i] != m->memory[b->offset]) {
            fail(m, "%s is half overwritten", what);
            return 0;
        }
    return b ? m->memory[b->offset] : 0;
}

/* What a workspace holds is of no use to anybody. */
static void scribble(machine *m, int buffer)
{
    if (buffer != CLCNN__NO_BUFFER)
        put(m, buffer, hash(SCRIBBLE, ++m->scribbles, 0), "a workspace");
}

static size_t number_of(const machine *m, const clcnn__node *node)
{
    return (size_t)(node->layer - m->layers->rows);
}

/* The last layer whose output the node's is: behind what is fused and what is an alias. */
static size_t output_layer(const machine *m, size_t node)
{
    size_t at = number_of(m, &m->graph->nodes[node]);
    for (size_t i = at + 1; i < m->layers->count; ++i) {
        const clcnn__layer *layer = &m->layers->rows[i];
        bool alone = layer->inputs[0] == (int)at;
        for (size_t n = 0; alone && n < m->graph->node_count; ++n)
            alone = number_of(m, &m->graph->nodes[n]) != i;
        if (alone)
            at = i;
    }
    return at;
}

/* Where a node's output and its input k lie. */
static int output_buffer(const machine *m, int node, bool inference)
{
    return inference ? m->graph->nodes[node].infer_y : m->graph->nodes[node].y;
}

static int input_buffer(const machine *m, size_t i, int k, bool inference)
{
    return output_buffer(m, m->graph->nodes[i].inputs[k], inference);
}

static uint64_t read_input(machine *m, size_t i, int k, bool inference)
{
    const clcnn__node *node = &m->graph->nodes[i];
    const int input = node->inputs[k];
    if (input == CLCNN__IMAGES)
        return images;
    const uint64_t x = get(m, input_buffer(m, i, k, inference), "an input");
    if (m->ok && x != m->expected->v[output_layer(m, (size_t)input)])
        fail(m, "node %zu (\"%s\") finds its input %d overwritten", i, node->layer->text, k);
    return x;
}

/* An output may lie on an input only as a whole, and only for layers that work in place. */
static void check_apart(machine *m, int out, int in, bool in_place, const char *what)
{
    if (out == CLCNN__NO_BUFFER || in == CLCNN__NO_BUFFER)
        return;
    const clcnn__buffer *a = &m->graph->buffers[out], *b = &m->graph->buffers[in];
    const bool same = a->offset == b->offset && a->elements == b->elements;
    if (!(in_place && same) && a->offset < b->offset + b->elements &&
        b->offset < a->offset + a->elements)
        fail(m, "%s lie on one another", what);
}

/* What is fused into a layer's forward pass. */
static clcnn__activation fused(const clcnn__layer *layer)
{
    clcnn__operation o;
    layer->kind->operation(layer->self, 1, &o);
    switch (o.kind) {
    case CLCNN__OP_CONV2D:
        return (clcnn__activation){o.d.conv2d.activation, o.d.conv2d.alpha};
    case CLCNN__OP_DENSE:
        return (clcnn__activation){o.d.dense.activation, o.d.dense.alpha};
    case CLCNN__OP_BATCHNORM:
        return (clcnn__activation){o.d.batchnorm.activation, o.d.batchnorm.alpha};
    case CLCNN__OP_ADD:
        return (clcnn__activation){o.d.add.activation, o.d.add.alpha};
    default:
        return (clcnn__activation){CLCNN_IDENTITY, 0};
    }
}

static void check_block(machine *m, const clcnn__node *node)
{
    if (m->graph->training && node->layer->kind->flags & CLCNN__DROPS &&
        get(m, m->graph->dropout_block, "dropout's block") != 2)
        fail(m, "dropout's block is overwritten");
}

/* What a node writes: in inference with the norm and the activation that are folded into it. */
static uint64_t value_of(const machine *m, const clcnn__node *node, const uint64_t *x,
                         bool training)
{
    uint64_t y = activated(fused(node->layer), output_of(node->layer, number_of(m, node), x));
    if (!training && node->norm != CLCNN__IMAGES) {
        const clcnn__node *norm = &m->graph->nodes[node->norm];
        y = activated(node->tail, output_of(norm->layer, number_of(m, norm), &y));
    }
    return y;
}

/* `training`: what backward needs is written, too, and nothing is folded. */
static void run_forward(machine *m, bool training)
{
    for (size_t i = 0; m->ok && i < m->graph->node_count; ++i) {
        const clcnn__node *node = &m->graph->nodes[i];
        if (!training && node->folded)
            continue;
        const bool in_place = node->layer->kind->flags & CLCNN__IN_PLACE_OK;
        const int y = output_buffer(m, (int)i, !training);
        const int workspace = training ? node->workspace[0] : node->infer_workspace;
        uint64_t x[CLCNN__MAX_INPUTS] = {0};
        scribble(m, workspace);
        for (int k = 0; k < node->input_count; ++k) {
            x[k] = read_input(m, i, k, !training);
            if (node->inputs[k] != CLCNN__IMAGES)
                check_apart(m, y, input_buffer(m, i, k, !training), in_place,
                            "an output and an input");
        }
        if (training)
            check_block(m, node);
        check_apart(m, y, workspace, false, "an output and a workspace");
        if (training)
            check_apart(m, y, node->state, false, "an output and what backward needs");
        put(m, y, value_of(m, node, x, training), "an output");
        if (training && node->backward && has_state(node->layer))
            put(m, node->state, state_of(number_of(m, node), x[0]), "what backward needs");
    }
    const int last = (int)m->graph->node_count - 1;
    if (m->ok && get(m, output_buffer(m, last, !training), "the logits") !=
                     m->expected->v[m->layers->count - 1])
        fail(m, "the logits are wrong");
}

/* Adds to a gradient, or writes it. */
static void contribute(machine *m, int buffer, clcnn__flow flow, uint64_t dx)
{
    const uint64_t before = flow == CLCNN__FLOW_WRITE ? 0 : get(m, buffer, "a gradient");
    put(m, buffer, before + dx, "a gradient");
}

static void backward_sum(machine *m, const clcnn__node *node, uint64_t dy)
{
    for (int k = 0; k < node->input_count; ++k) {
        const clcnn__flow flow = node->flow[k];
        if (flow == CLCNN__FLOW_NONE || flow == CLCNN__FLOW_SAME)
            continue;
        const int to = m->graph->nodes[node->inputs[k]].dy;
        check_apart(m, to, node->dy, false, "the gradients of a sum and of a summand");
        contribute(m, to, flow, dy);
        if (m->ok && get(m, node->dy, "a sum's gradient") != dy)
            fail(m, "a sum's gradient changes while it is passed on");
    }
}

/* The gradient of the only input, from dy and what forward has left. */
static void backward_one(machine *m, size_t i, uint64_t dy)
{
    const clcnn__node *node = &m->graph->nodes[i];
    const unsigned flags = node->layer->kind->flags;
    const size_t number = number_of(m, node);
    const bool needs_x = flags & CLCNN__KEEP_X || m->expected->w[number];
    const uint64_t x = needs_x ? read_input(m, i, 0, false) : 0;
    const uint64_t y = flags & CLCNN__KEEP_Y ? get(m, node->y, "an output") : 0;
    const uint64_t state = has_state(node->layer) ? get(m, node->state, "what backward needs") : 0;
    const clcnn__flow flow = node->flow[0];
    if (flow == CLCNN__FLOW_NONE)
        return;
    const int input_dy = m->graph->nodes[node->inputs[0]].dy;
    const int to = flow == CLCNN__FLOW_VIA ? node->via : input_dy;
    check_apart(m, to, node->dy, flags & CLCNN__IN_PLACE_OK, "the gradients of input and output");
    check_apart(m, to,
                needs_x && node->inputs[0] != CLCNN__IMAGES ? m->graph->nodes[node->inputs[0]].y
                                                            : CLCNN__NO_BUFFER,
                false, "an input and its gradient");
    check_apart(m, to, node->workspace[1], false, "a gradient and a workspace");
    if (flow == CLCNN__FLOW_ADD && !(flags & CLCNN__ACCUMULATES))
        fail(m, "\"%s\" cannot add to a gradient", node->layer->text);
    const uint64_t dx = dy * factor_of(node->layer, number, x, y, state);
    contribute(m, to, flow == CLCNN__FLOW_ADD ? flow : CLCNN__FLOW_WRITE, dx);
    if (flow == CLCNN__FLOW_VIA) {
        check_apart(m, input_dy, node->via, false, "a gradient and its summand");
        contribute(m, input_dy, CLCNN__FLOW_ADD, dx);
    }
}

/* The gradient of a node's output, after the activation that it ends with. */
static uint64_t through_activation(machine *m, const clcnn__node *node)
{
    uint64_t dy = get(m, node->dy, "a gradient");
    if (node->activation.kind != CLCNN_IDENTITY) {
        dy *= slope(node->activation.kind, get(m, node->y, "an output"));
        put(m, node->dy, dy, "a gradient");
    }
    return dy;
}

/* The node that takes its input's gradient through its activation is the last to add to it. */
static void hand_on(machine *m, size_t i)
{
    const clcnn__node *node = &m->graph->nodes[i];
    if (node->inputs[0] == CLCNN__IMAGES)
        return;
    const clcnn__node *input = &m->graph->nodes[node->inputs[0]];
    if (input->slope_by != (int)i)
        return;
    if (!(node->layer->kind->flags & CLCNN__TAKES_SLOPE) || !input->backward)
        fail(m, "\"%s\" cannot take a gradient through an activation", node->layer->text);
    through_activation(m, input);
}

static void backward_node(machine *m, size_t i)
{
    const clcnn__node *node = &m->graph->nodes[i];
    const size_t number = number_of(m, node);
    uint64_t dy = get(m, node->dy, "a gradient");
    if (node->slope_by == CLCNN__IMAGES)
        dy = through_activation(m, node);
    scribble(m, node->workspace[1]);
    check_block(m, node);
    const bool own = node->own.kind != CLCNN_IDENTITY;
    const uint64_t x = own || m->expected->w[number] ? read_input(m, i, 0, false) : 0;
    /* What it took in is not read back, but computed once more. */
    const uint64_t inner = own ? dy * slope(node->own.kind, value_of(m, node, &x, true)) : dy;
    if (m->ok && m->expected->w[number] &&
        hash(WEIGHTS, hash(number, x, 0), inner) != m->expected->w[number])
        fail(m, "node %zu (\"%s\") has a wrong gradient", i, node->layer->text);
    if (get(m, node->dy, "a gradient") != dy)
        fail(m, "node %zu (\"%s\"): its workspace lies on its gradient", i, node->layer->text);
    if (node->layer->kind->flags & CLCNN__SUM)
        backward_sum(m, node, dy);
    else
        backward_one(m, i, inner);
    hand_on(m, i);
}

static void run_training(machine *m)
{
    const clcnn__graph *graph = m->graph;
    const clcnn__node *last = &graph->nodes[graph->node_count - 1];
    put(m, graph->optimiser_block, 1, "the optimiser's block");
    if (graph->drops)
        put(m, graph->dropout_block, 2, "dropout's block");
    run_forward(m, true);
    scribble(m, graph->loss_workspace);
    put(m, last->dy, hash(LOSS, get(m, last->y, "the logits"), 0), "the loss's gradient");
    for (size_t i = graph->node_count; m->ok && i-- > 0;) {
        if (graph->nodes[i].backward != m->expected->wanted[number_of(m, &graph->nodes[i])])
            fail(m, "node %zu (\"%s\") %s a backward pass", i, graph->nodes[i].layer->text,
                 graph->nodes[i].backward ? "has" : "misses");
        if (graph->nodes[i].backward)
            backward_node(m, i);
    }
    scribble(m, graph->clip_workspace);
    if (m->ok && get(m, graph->optimiser_block, "the optimiser's block") != 1)
        fail(m, "the optimiser's block is overwritten");
}

/* ---- One description ------------------------------------------------------------------------ */

/* Plans that ask for workspaces of various sizes, none among them. */
static bool make_plans(const clcnn__graph *graph, clcnn__plans *plans)
{
    *plans = (clcnn__plans){.n = 1, .nodes = calloc(graph->node_count, sizeof *plans->nodes)};
    for (size_t i = 0; plans->nodes && i < graph->node_count; ++i)
        for (int d = 0; d < CLCNN__DIRECTIONS; ++d)
            plans->nodes[i][d].workspace_bytes = (size_t)(mix(3 * i + (size_t)d) % 5) * 37;
    plans->loss.workspace_bytes = 999;
    plans->clip.workspace_bytes = 1001;
    return plans->nodes != NULL;
}

/* What the plan says of itself: buffers that live at the same time lie apart. */
static void check_places(machine *m)
{
    const clcnn__graph *graph = m->graph;
    for (size_t a = 0; a < graph->buffer_count; ++a)
        for (size_t b = 0; b < a; ++b) {
            const clcnn__buffer *x = &graph->buffers[a], *y = &graph->buffers[b];
            if (x->first <= y->last && y->first <= x->last)
                check_apart(m, (int)a, (int)b, false, "buffers that live at the same time");
        }
}

/* Creates layers and graph anew, as fusing changes the layers; runs and checks everything. */
static bool check_graph(const char *text, clcnn__shape in, int batch, bool training, bool spaces)
{
    clcnn__layers layers;
    clcnn__graph graph = {0};
    clcnn__plans plans = {0};
    clcnn_error error = {.message = ""};
    static expected e;
    if (!CHECK(!clcnn__layers_create(text, in, &layers, &error), "\"%s\": %s", text, error.message))
        return false;
    machine m = {.text = text, .layers = &layers, .graph = &graph, .expected = &e, .ok = true};
    CHECK(layers.count <= MAX_LAYERS, "%zu layers", layers.count);
    e = (expected){0};
    expect_forward(&layers, &e);
    expect_backward(&layers, &e);
    clcnn_status status = clcnn__graph_create(&layers, training, &graph, &error);
    if (!status && spaces && !make_plans(&graph, &plans))
        status = CLCNN_OUT_OF_MEMORY;
    if (!status)
        status = clcnn__graph_place(&graph, &layers, batch, spaces ? &plans : NULL, &error);
    m.memory = calloc(graph.arena + 1, sizeof *m.memory);
    if (CHECK(!status && m.memory, "\"%s\": %s", text, error.message)) {
        for (size_t i = 0; i < graph.arena; ++i)
            m.memory[i] = hash(SCRIBBLE, i, 1);
        check_places(&m);
        run_forward(&m, false);
        if (training)
            run_training(&m);
    }
    free(m.memory);
    free(plans.nodes);
    clcnn__graph_destroy(&graph);
    clcnn__layers_destroy(&layers);
    return m.ok;
}

static bool check_all(const char *text, clcnn__shape in, int batch)
{
    bool ok = true;
    for (int way = 0; way < 4; ++way)
        ok = check_graph(text, in, batch, way & 1, way & 2) && ok;
    CHECK(ok, "\"%s\"", text);
    return ok;
}

/* ---- Cases ---------------------------------------------------------------------------------- */

static const char *const cases[] = {
    /* chains: fused activations, in place, selections */
    "conv 4 3x3 pad 1, relu, maxpool 2, dense 3",
    "conv 4 3x3 pad 1, relu, maxpool 2, maxpool 2, relu, dense 3",
    "conv 4 3x3 pad 1, relu, globalmaxpool, dense 3",
    "conv 4 3x3 pad 1, silu, conv 4 3x3 pad 1, gelu, gelu_tanh, dense 3",
    "conv 4 3x3 pad 1, sigmoid, tanh, elu, leaky_relu, avgpool 2, dense 3, sigmoid",
    "conv 4 3x3 pad 1, batchnorm, relu, layernorm, relu, globalavgpool, dense 3, relu",
    "relu, tanh, maxpool 2, silu, dense 3",
    "dense 3, flatten",
    "flatten, flatten, dense 8, flatten, relu, flatten, dense 3, flatten",
    /* dropout: in place behind what is not kept, with a place of its own behind what is */
    "dropout 0.5, dense 3",
    "dense 8, dropout 0.5, dense 3",
    "dense 8, relu, dropout 0.5, dense 3",
    "dense 8, batchnorm, dropout 0.5, relu, dropout 0.5, dropout 0.25, dense 3",
    "dense 8, silu, dropout 0.5, silu, dense 3, dropout 0.5",
    "dense 8 as a, dropout 0.5, add a, dense 3",
    "dense 8 as a, layernorm, dropout 0.5 as b, dropout 0.5 from a, add b, add a, dense 3",
    /* sums: with the images, with itself, of neighbours */
    "flatten as a, dense 64, dense 64, add a, dense 3",
    "flatten as a, add a, dense 3",
    "dense 8 as a, add a, dense 3",
    "dense 8 as a, add a, relu, dense 3",
    "dense 8 as a, add a as b, add b as c, add c, add c, dense 3",
    "dense 8 as a, relu as b, add b, add a, dense 3",
    "conv 4 3x3 pad 1 as x, conv 4 3x3 pad 1, add x, dense 3",
    "conv 4 3x3 pad 1 as x, conv 4 3x3 pad 1 as y, add x from x, add y, dense 3",
    "conv 4 3x3 pad 1 as x, conv 4 3x3 pad 1 as y, add y from x, dense 3",
    "conv 4 3x3 pad 1 as x, conv 4 3x3 pad 1 as y, add x from y, relu, dense 3",
    "conv 4 3x3 pad 1, relu as x, conv 4 3x3 pad 1, batchnorm, add x, relu, dense 3",
    "conv 4 3x3 pad 1, relu as x, conv 4 3x3 pad 1, relu, add x, tanh, dense 3",
    "conv 4 1x1, relu as x, conv 4 1x1 from x as y, conv 4 1x1 from x, add y, relu, dense 3",
    "conv 4 1x1 as x, tanh as y, silu from x, add y, dense 3",
    "conv 4 1x1 as x, relu, add x, silu, add x, dense 3",
    "dense 3 as a, dense 3, add a",
    /* nested sums, and values that many take */
    "dense 8 as a, dense 8 as b, add a as c, dense 8, add c, add b, add a, dense 3",
    "dense 8 as a, dense 8 from a as b, dense 8 from a as c, add b, add a, dense 3",
    "dense 8 as a, dense 8 from a as b, dense 8 from a as c, add b as d, add c from b, add d, "
    "dense 3",
    "dense 8 as a, batchnorm from a as b, batchnorm from a as c, batchnorm from a, add b, add c, "
    "dense 3",
    "dense 8 as a, layernorm as b, dropout 0.5 from a as c, relu from a, add b, add c, dense 3",
    "dense 8 as a, dense 8 as b, dense 8 as c, add a from b as s, add c from a, add s, add b, "
    "dense 3",
    "dense 8 as a, dense 8 as b, add a as s, dense 8 as t, add s as u, dense 8 from s, add u, "
    "add t, dense 3",
    /* dense to dense: the first adds, the other writes */
    "conv 4 3x3 pad 1 as x, avgpool 2 as p, maxpool 2 from x as q, conv 4 2x2 stride 2 from x, "
    "add p, add q, globalavgpool as g, globalmaxpool from x, add g, dense 3",
    /* frozen layers */
    "conv 4 3x3 pad 1 frozen, batchnorm frozen, relu, maxpool 2, dense 3",
    "conv 4 3x3 pad 1 frozen, relu as x, conv 4 3x3 pad 1, add x, relu, dense 3",
    "conv 4 3x3 pad 1 as x, conv 4 3x3 pad 1 frozen, batchnorm frozen, add x, relu, dense 3 frozen",
    "dense 8 frozen as a, dense 8 frozen as b, add a, dropout 0.5, relu, dense 8 as c, add b, "
    "dense 3",
    "dense 8 frozen as a, dense 8 from a as b, dense 8 frozen from a, add b, add a, dense 3",
    "dense 8 as a, layernorm frozen, dense 3 frozen",
};

static void test_cases(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        check_all(cases[i], (clcnn__shape){1, 8, 8}, 1);
        check_all(cases[i], (clcnn__shape){4, 4, 4}, 3);
    }
}

static void test_presets(void)
{
    for (const clcnn_net_preset *p = clcnn_net_presets(); p->name; ++p)
        check_all(p->name, (clcnn__shape){p->c, p->h, p->w}, 2);
}

/* ---- Where gradients lie ----------------------------------------------------------------------
 */

/* How the gradient of a node's input comes there, and what shares memory with what. */
static const struct way {
    const char *text;
    int node, input;
    clcnn__flow flow;
    int y, dy; /* nodes whose output, whose gradient lie in the same place; -1: none is asked for */
} ways[] = {
    {"dense 8, dense 3", 1, 0, CLCNN__FLOW_WRITE, -1, -1},
    {"dense 8, dense 3", 0, 0, CLCNN__FLOW_NONE, -1, -1},
    {"dense 8, relu, dropout 0.5, dense 3", 1, 0, CLCNN__FLOW_SAME, -1, 0},
    {"dense 8, dropout 0.5, dense 3", 1, 0, CLCNN__FLOW_SAME, 0, 0},
    {"dense 8, batchnorm, elu, dense 3", 2, 0, CLCNN__FLOW_SAME, 1, 1},
    {"dense 8, batchnorm, relu, dense 3", 2, 0, CLCNN__FLOW_WRITE, -1,
     -1}, /* one node, relu's too */
    {"dense 8, silu, dense 3", 1, 0, CLCNN__FLOW_SAME, -1, 0},
    /* a residual block: the sum has the branch's place, its gradient is both summands' */
    {"dense 8 as a, dense 8, batchnorm, add a, dense 3", 3, 0, CLCNN__FLOW_SAME, 2, 2},
    {"dense 8 as a, dense 8, batchnorm, add a, dense 3", 3, 1, CLCNN__FLOW_SAME, -1, 0},
    {"dense 8 as a, dense 8, batchnorm, add a, dense 3", 1, 0, CLCNN__FLOW_ADD, -1, -1},
    /* the other summand is what the branch reads: it would add to what it reads */
    {"dense 8 as a, dense 8, add a, dense 3", 2, 0, CLCNN__FLOW_SAME, 1, 1},
    {"dense 8 as a, dense 8, add a, dense 3", 2, 1, CLCNN__FLOW_WRITE, -1, -1},
    {"dense 8 as a, dense 8, add a, dense 3", 1, 0, CLCNN__FLOW_ADD, -1, -1},
    /* a branch that ends in an activation changes its gradient in place */
    {"dense 8 as a, dense 8, batchnorm, dense 8, relu, add a, dense 3", 4, 1, CLCNN__FLOW_WRITE, -1,
     -1},
    {"dense 8 as a, add a, dense 3", 1, 0, CLCNN__FLOW_WRITE, -1, -1},
    {"dense 8 as a, add a, dense 3", 1, 1, CLCNN__FLOW_ADD, -1, -1},
    /* batch-norm cannot add */
    {"dense 8 as a, batchnorm as b, dense 8 from a, add b, dense 3", 1, 0, CLCNN__FLOW_VIA, -1, -1},
    {"dense 8 as a, batchnorm as b, dense 8 from a, add b, dense 3", 2, 0, CLCNN__FLOW_WRITE, -1,
     -1},
    {"dense 8 frozen as a, dense 8, add a, dense 3", 2, 0, CLCNN__FLOW_SAME, 1, 1},
    {"dense 8 frozen as a, dense 8, add a, dense 3", 2, 1, CLCNN__FLOW_NONE, -1, -1},
    {"flatten as a, dense 64, add a, dense 3", 1, 1, CLCNN__FLOW_NONE, -1, -1},
};

static bool same_place(const clcnn__graph *graph, int a, int b)
{
    return a != CLCNN__NO_BUFFER && b != CLCNN__NO_BUFFER &&
           graph->buffers[a].offset == graph->buffers[b].offset;
}

static void test_ways(void)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; ++i) {
        const struct way *way = &ways[i];
        clcnn__layers layers;
        clcnn__graph graph = {0};
        clcnn_error error = {.message = ""};
        if (!CHECK(!clcnn__layers_create(way->text, (clcnn__shape){1, 8, 8}, &layers, &error) &&
                       !clcnn__graph_create(&layers, true, &graph, &error) &&
                       !clcnn__graph_place(&graph, &layers, 2, NULL, &error),
                   "\"%s\": %s", way->text, error.message))
            continue;
        const clcnn__node *node = &graph.nodes[way->node];
        CHECK(node->flow[way->input] == way->flow, "\"%s\", node %d, input %d: flow %d, not %d",
              way->text, way->node, way->input, (int)node->flow[way->input], (int)way->flow);
        CHECK(way->y < 0 || same_place(&graph, node->y, graph.nodes[way->y].y),
              "\"%s\": the output of node %d is not in place", way->text, way->node);
        CHECK(way->dy < 0 || same_place(&graph, node->dy, graph.nodes[way->dy].dy),
              "\"%s\": the gradient of node %d is not in place", way->text, way->node);
        clcnn__graph_destroy(&graph);
        clcnn__layers_destroy(&layers);
    }
}

/* ---- Random graphs -------------------------------------------------------------------------- */

typedef struct generator {
    uint64_t state;
    char text[TEXT];
    int count;
    clcnn__shape shapes[MAX_LAYERS];
    bool used[MAX_LAYERS];
} generator;

static int dice(generator *g, int sides)
{
    g->state = mix(g->state + UINT64_C(0x632be59bd9b4e019));
    return (int)(g->state >> 33) % sides;
}

/* Appends a layer that takes the output of `from`, and notes its shape. */
static void append(generator *g, int from, const char *kind, bool freezes, clcnn__shape shape)
{
    clcnn__append(g->text, TEXT, "%s%s", g->count ? ", " : "", kind);
    if (freezes && dice(g, 4) == 0)
        clcnn__append(g->text, TEXT, " frozen");
    if (from != g->count - 1)
        clcnn__append(g->text, TEXT, " from n%d", from);
    if (from >= 0)
        g->used[from] = true;
    clcnn__append(g->text, TEXT, " as n%d", g->count);
    g->shapes[g->count++] = shape;
}

static void append_sum(generator *g, int a, int b)
{
    char kind[16];
    snprintf(kind, sizeof kind, "add n%d", b);
    g->used[b] = true;
    append(g, a, kind, false, g->shapes[a]);
}

static bool same_shape(clcnn__shape a, clcnn__shape b)
{
    return a.c == b.c && a.h == b.h && a.w == b.w;
}

/* A layer other than a sum on the output of layer `from`, of shape `in`. */
static void append_any(generator *g, int from, clcnn__shape in)
{
    static const char *const plain[] = {"relu",      "relu",      "sigmoid",   "tanh",
                                        "silu",      "gelu",      "elu",       "leaky_relu",
                                        "batchnorm", "layernorm", "batchnorm", "dropout 0.5"};
    enum { PLAIN = sizeof plain / sizeof *plain };
    const int throw = dice(g, PLAIN + 6);
    const bool even = in.h > 1 && in.h % 2 == 0;
    if (throw < PLAIN)
        append(g, from, plain[throw], strstr(plain[throw], "norm") != NULL, in);
    else if (throw == PLAIN)
        append(g, from, dice(g, 2) ? "maxpool 3 stride 1 pad 1" : "avgpool 3 stride 1 pad 1", false,
               in);
    else if (throw == PLAIN + 1 && even)
        append(g, from, dice(g, 2) ? "maxpool 2" : "avgpool 2", false,
               (clcnn__shape){in.c, in.h / 2, in.w / 2});
    else if (throw == PLAIN + 2 && dice(g, 2))
        append(g, from, dice(g, 2) ? "globalavgpool" : "globalmaxpool", false,
               (clcnn__shape){in.c, 1, 1});
    else if (throw == PLAIN + 3 && dice(g, 2))
        append(g, from, "flatten", false, (clcnn__shape){in.c * in.h * in.w, 1, 1});
    else if (throw == PLAIN + 4 && in.h == 1)
        append(g, from, "dense 4", true, (clcnn__shape){4, 1, 1});
    else
        append(g, from, "conv 4 3x3 pad 1", true, (clcnn__shape){4, in.h, in.w});
}

/* One more layer on the last output, or on any. */
static void append_next(generator *g)
{
    const int from = dice(g, 3) ? g->count - 1 : dice(g, g->count);
    const int other = dice(g, 4) ? dice(g, g->count) : from;
    if (dice(g, 3) == 0 && same_shape(g->shapes[from], g->shapes[other]))
        append_sum(g, from, other);
    else
        append_any(g, from, g->shapes[from]);
}

/* A whole description: at its end everything that nobody has taken yet is added up. */
static void generate(generator *g, uint64_t seed, clcnn__shape in)
{
    *g = (generator){.state = seed};
    const int layers = 2 + dice(g, 20);
    if (dice(g, 3) == 0)
        append(g, -1, "flatten", false, (clcnn__shape){in.c * in.h * in.w, 1, 1});
    else
        append_any(g, -1, in);
    while (g->count < layers)
        append_next(g);
    int sum = -1;
    for (int i = 0, end = g->count; i < end; ++i) {
        if (g->used[i] && i + 1 < end)
            continue;
        append(g, i, "dense 3", i + 1 < end, (clcnn__shape){3, 1, 1});
        if (sum >= 0)
            append_sum(g, g->count - 1, sum);
        sum = g->count - 1;
    }
}

static void test_random(void)
{
    enum { GRAPHS = 3000 };
    const clcnn__shape in = {2, 4, 4};
    static generator g;
    int sums = 0, wrong = 0;
    for (uint64_t i = 0; i < GRAPHS && wrong < 5; ++i) {
        generate(&g, harness_seed() * GRAPHS + i, in);
        sums += strstr(g.text, "add ") != NULL;
        wrong += !check_all(g.text, in, 1 + (int)(i % 3));
    }
    CHECK(sums > GRAPHS / 2, "only %d of %d graphs have a sum", sums, GRAPHS);
}

/* ---- Peaks ---------------------------------------------------------------------------------- */

/* What a network takes, in bytes, and what it may take. The sums of outputs follow from the shapes;
 * the peaks are the plan's, written down so that a change is noticed. */
static const struct peak {
    const char *name;
    int batch;
    clcnn_net_usage usage;
    double training, inference; /* the most: of outputs and gradients; of the largest output */
} peaks[] = {
    {"resnet-mini", 128, {134910976, 134910976, 6422528, 19267584, 109220288}, 0.6, 3},
};

static void test_peaks(void)
{
    for (size_t i = 0; i < sizeof peaks / sizeof *peaks; ++i) {
        const struct peak *p = &peaks[i];
        const clcnn_net_desc desc = {
            .layers = p->name, .batch = p->batch, .c = 1, .h = 28, .w = 28};
        clcnn_net_usage u = {0};
        clcnn_error error = {.message = ""};
        CHECK(!clcnn_net_plan_memory(&desc, &u, &error), "%s", error.message);
        CHECK(memcmp(&u, &p->usage, sizeof u) == 0,
              "%s: outputs %zu, gradients %zu, largest %zu, inference %zu, training %zu", p->name,
              u.outputs, u.gradients, u.largest, u.inference, u.training);
        CHECK((double)u.training <= p->training * (double)(u.outputs + u.gradients),
              "%s: %zu bytes to train", p->name, u.training);
        CHECK((double)u.inference <= p->inference * (double)u.largest, "%s: %zu bytes in inference",
              p->name, u.inference);
    }
}

/* Usage of networks that are small enough to be worked out by hand; a place is 16 floats. */
static void test_usage(void)
{
    static const struct {
        const char *text;
        int batch;
        clcnn_net_usage usage;
    } rows[] = {
        /* the output, until the loss has read it; its gradient; the optimiser's block */
        {"dense 16", 1, {64, 64, 64, 64, 192}},
        {"dense 16", 3, {192, 192, 192, 192, 448}},
        /* outputs of 16 and 32 floats */
        {"dense 16, dense 32", 1, {192, 192, 128, 192, 384}},
        /* inference: what the first leaves is of no use behind the second, the third lies there */
        {"dense 16, dense 16, dense 16", 1, {192, 192, 64, 128, 320}},
        /* in place, but for what backward reads: three outputs of dense and dropout, the logits and
         * their gradient, two blocks */
        {"dense 16, silu, silu, dropout 0.5, silu", 1, {320, 320, 64, 64, 448}},
        {"dense 16 frozen, dense 16", 1, {128, 64, 64, 128, 256}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
        const clcnn_net_desc desc = {
            .layers = rows[i].text, .batch = rows[i].batch, .c = 1, .h = 1, .w = 16};
        clcnn_net_usage u = {0};
        clcnn_error error = {.message = ""};
        CHECK(!clcnn_net_plan_memory(&desc, &u, &error), "%s", error.message);
        CHECK(memcmp(&u, &rows[i].usage, sizeof u) == 0,
              "\"%s\", batch %d: outputs %zu, gradients %zu, largest %zu, inference %zu, training "
              "%zu",
              rows[i].text, rows[i].batch, u.outputs, u.gradients, u.largest, u.inference,
              u.training);
    }
}

static void test_bad_plans(void)
{
    static const struct {
        clcnn_net_desc desc;
        clcnn_status status;
        const char *message;
    } bad[] = {
        {{.layers = "dense 2", .batch = 0, .c = 1, .h = 1, .w = 1},
         CLCNN_INVALID_ARGUMENT,
         "clcnn_net_plan_memory: batch is 0, must be at least 1"},
        {{.layers = "dense", .batch = 1, .c = 1, .h = 1, .w = 1},
         CLCNN_INVALID_ARGUMENT,
         "(column 6): expected a number of outputs"},
        {{.layers = "flatten", .batch = 1, .c = 1, .h = 1, .w = 1},
         CLCNN_INVALID_ARGUMENT,
         "network \"flatten\" computes nothing"},
        {{.layers = "dense 2", .batch = 1, .c = 1, .h = 1, .w = 1, .init = (clcnn_init)7},
         CLCNN_INVALID_ARGUMENT,
         "init is 7, which is none"},
        {{.layers = "dense 65536", .batch = 65536, .c = 1, .h = 1, .w = 1},
         CLCNN_UNSUPPORTED,
         "the output of \"dense 65536\" for a batch of 65536 (65536 x 1 x 1 each) has 2^31 "
         "elements"},
        {{.layers = "globalavgpool", .batch = 65536, .c = 1, .h = 256, .w = 256},
         CLCNN_UNSUPPORTED,
         "a batch of 65536 images (1 x 256 x 256 each) has 2^31 elements or more"},
        {{.layers = "dense 1048576 nobias, dense 1024 nobias, dense 1048576 nobias, dense 2",
          .batch = 1,
          .c = 1,
          .h = 1,
          .w = 1},
         CLCNN_UNSUPPORTED,
         "the network has 2^31 parameters or more"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        clcnn_net_usage usage = {.outputs = 77}, before = usage;
        clcnn_error error = {.message = ""};
        const clcnn_status status = clcnn_net_plan_memory(&bad[i].desc, &usage, &error);
        CHECK(status == bad[i].status && strstr(error.message, bad[i].message),
              "\"%s\": %s: %s\n  not %s", bad[i].desc.layers, clcnn_status_name(status),
              error.message, bad[i].message);
        CHECK(memcmp(&usage, &before, sizeof usage) == 0, "\"%s\": usage is touched",
              bad[i].desc.layers);
    }
}

/* Activations whose slope another node's gradient goes through: LeNet-5's four, none that
 * something else adds to last, none of what is frozen. */
static void test_slopes(void)
{
    static const struct {
        const char *text;
        int handed;
    } rows[] = {{"lenet5", 4},
                {"conv 4 3x3, relu, flatten, dense 3", 1},
                {"conv 4 3x3, silu, dense 3", 0},
                {"conv 4 3x3, tanh, avgpool 2, dense 3", 0},
                {"conv 4 3x3, relu, maxpool 2, dense 3", 1},
                {"conv 4 1x1, relu as a, conv 4 1x1, add a, dense 3", 1},
                {"conv 4 1x1, relu as a, add a as s, conv 4 1x1 from a, add s, dense 3", 0},
                {"conv 4 1x1 frozen, relu, dense 3", 0},
                {"conv 4 1x1, relu, dense 3 frozen", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        clcnn__layers layers;
        clcnn__graph graph = {0};
        clcnn_error error = {.message = ""};
        int handed = 0;
        clcnn_status status =
            clcnn__layers_create(rows[i].text, (clcnn__shape){1, 28, 28}, &layers, &error);
        if (!status)
            status = clcnn__graph_create(&layers, true, &graph, &error);
        CHECK(status == CLCNN_SUCCESS, "%s", error.message);
        for (size_t n = 0; n < graph.node_count; n++)
            handed += graph.nodes[n].slope_by != CLCNN__IMAGES;
        CHECK(handed == rows[i].handed, "\"%s\": %d slopes, not %d", rows[i].text, handed,
              rows[i].handed);
        clcnn__graph_destroy(&graph);
        clcnn__layers_destroy(&layers);
    }
}

int main(void)
{
    static const harness_test tests[] = {
        {"cases", test_cases},
        {"presets", test_presets},
        {"ways of gradients", test_ways},
        {"random graphs", test_random},
        {"peaks", test_peaks},
        {"usage by hand", test_usage},
        {"bad plans", test_bad_plans},
        {"slopes that are handed on", test_slopes},
        {NULL, NULL},
    };
    return harness_run("netgraph", tests);
}
