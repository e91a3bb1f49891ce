/*
 * conv2d against its reference: every direction, algorithm and device, on shapes made to break
 * things, layers of real networks and random shapes.
 */
#include "conv2d_cases.h"
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device that can hold a work-group of 64 and 4 KiB of local memory supports everything. */
static const sweep_pin pins[] = {{"", "depthwise", 162, 27},
                                 {"", "winograd", 186, 27},
                                 {"", "dense", 231, 36},
                                 {"", "point", 210, 32},
                                 /* its backward_weights wants rows of a vector at least */
                                 {"width 8", "row", 80, 13},
                                 {"width 16", "row", 85, 13},
                                 {"width 4", "row", 73, 10},
                                 {"rusticl", "row", 73, 10},
                                 {"", "row", 85, 10},
                                 {"", "tile", 0, 0},
                                 {"", "gemm", 0, 0},
                                 {"", "direct", 0, 0},
                                 {.algo = NULL}};

static double multiplications(const clcnn_conv2d *d)
{
    int p = 0, q = 0;
    const clcnn_status status = clcnn_conv2d_output(d, &p, &q, NULL);
    CHECK(status == CLCNN_SUCCESS, "%s", clcnn_status_name(status));
    return (double)d->n * d->k * p * q * d->c / (d->groups ? d->groups : 1) * d->r * d->s;
}

/* The same with fewer images, rows, columns and channels: a layer so that the reference is done in
 * a moment, any shape so that a simulator is. */
static clcnn_conv2d cut_down(const clcnn_conv2d *whole)
{
    const double most = harness_short() ? 2e3 : 2e6;
    clcnn_conv2d d = *whole;
    while (multiplications(&d) > most && d.n > 1)
        d.n--;
    while (multiplications(&d) > most && d.h > d.r + 2 && d.w > d.s + 2) {
        d.h--;
        d.w--;
    }
    while (multiplications(&d) > most && d.groups <= 1 && d.c * d.k > 64 * 64)
        *(d.c > d.k ? &d.c : &d.k) /= 2;
    return d;
}

static void small_cases(check_values values, unsigned how)
{
    sweep s = {.op = &check_op_conv2d};
    for (const conv2d_case *c = conv2d_small; c->name; c++) {
        const check_desc desc = {.conv2d = harness_short() ? cut_down(&c->d) : c->d};
        if (!harness_short() || c->quick)
            sweep_desc(&s, c->name, &desc, values, harness_seed(), how);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_exact(void)
{
    small_cases(CHECK_INTEGERS, SWEEP_PACKED | (harness_short() ? 0 : SWEEP_NO_PLAN));
}

static void test_real(void)
{
    if (!harness_short()) /* rounding is not a simulator's business */
        small_cases(CHECK_REALS, SWEEP_TWICE);
}

/* ---- Layers ------------------------------------------------------------------------------------
 */

static void test_layers(void)
{
    sweep s = {.op = &check_op_conv2d};
    for (const conv2d_case *c = conv2d_layers; c->name; c++) {
        if (harness_short() && !c->quick)
            continue;
        clcnn_conv2d d = c->d;
        d.n = d.n > 2 ? 2 : d.n;
        const check_desc desc = {.conv2d = cut_down(&d)};
        if (!harness_short())
            sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), 0);
        sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), SWEEP_NO_PLAN);
    }
    sweep_check_filled(&s);
}

/* ---- Random shapes -----------------------------------------------------------------------------
 */

/* A size that a window fits into. */
static int random_size(check_random *random, int window, int dilation, int before, int after)
{
    const int least = dilation * (window - 1) + 1 - before - after;
    return (least > 1 ? least : 1) + check_random_int(random, 0, 11);
}

static clcnn_conv2d random_desc(check_random *random)
{
    const int groups = check_random_int(random, 0, 3) ? 1 : check_random_int(random, 2, 4);
    clcnn_conv2d d = {.n = check_random_int(random, 1, 3),
                      .c = groups * check_random_int(random, 1, 9),
                      .k = groups * check_random_int(random, 1, 19),
                      .r = check_random_int(random, 1, 5),
                      .s = check_random_int(random, 1, 5),
                      .pad_top = check_random_int(random, 0, 4),
                      .pad_left = check_random_int(random, 0, 4),
                      .pad_bottom = check_random_int(random, 0, 4),
                      .pad_right = check_random_int(random, 0, 4),
                      .stride_h = check_random_int(random, 0, 3),
                      .stride_w = check_random_int(random, 0, 3),
                      .dilation_h = check_random_int(random, 0, 3),
                      .dilation_w = check_random_int(random, 0, 3),
                      .groups = groups,
                      .accumulate = check_random_int(random, 0, 1)};
    d.h = random_size(random, d.r, d.dilation_h ? d.dilation_h : 1, d.pad_top, d.pad_bottom);
    d.w = random_size(random, d.s, d.dilation_w ? d.dilation_w : 1, d.pad_left, d.pad_right);
    return d;
}

static void test_random(void)
{
    sweep s = {.op = &check_op_conv2d};
    const int count = harness_short() ? 3 : 100;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const clcnn_conv2d d = random_desc(&random);
        const check_desc desc = {.conv2d = harness_short() ? cut_down(&d) : d};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
    sweep_check_filled(&s);
}

/* ---- What may be left out ----------------------------------------------------------------------
 */

static const clcnn_conv2d plain = {.n = 2,
                                   .c = 5,
                                   .h = 9,
                                   .w = 8,
                                   .k = 18,
                                   .r = 3,
                                   .s = 3,
                                   .pad_top = 1,
                                   .pad_left = 1,
                                   .activation = CLCNN_RELU};

static check_case *make_case(const clcnn_conv2d *d, check_values values)
{
    const check_desc desc = {.conv2d = harness_short() ? cut_down(d) : *d};
    return sweep_make(&check_op_conv2d, &desc, values);
}

/* No bias; only dw, only db. */
static void test_optional(void)
{
    for (int accumulating = 0; accumulating < 2; accumulating++) {
        clcnn_conv2d d = plain;
        d.accumulate = accumulating;
        check_case *c = make_case(&d, CHECK_INTEGERS);
        check_case_drop(c, "b");
        for (int i = 0; i < harness_device_count(); i++) {
            sweep_every_algo("no bias", c, "forward", i, (check_options){.ctx = NULL});
            sweep_every_algo("dw alone", c, "backward_weights", i, (check_options){.without = 2});
            sweep_every_algo("db alone", c, "backward_weights", i, (check_options){.without = 1});
        }
        check_case_destroy(c);
    }
}

/* ---- Workspace ---------------------------------------------------------------------------------
 */

/* What an algorithm does in a direction when it may have less than it wants. */
typedef enum thrift {
    REFUSED, /* it took none of the shapes */
    FREE,    /* it wants nothing */
    ALL,     /* it refuses less */
    LESS,    /* it makes do with less, and with nothing */
    SOME     /* it makes do with less, but needs something */
} thrift;

static const struct {
    const char *algo;
    thrift ways[3]; /* by clcnn_direction */
} thrifts[] = {{"depthwise", {FREE, FREE, LESS}}, {"winograd", {SOME, SOME, SOME}},
               {"dense", {FREE, FREE, FREE}},     {"point", {ALL, ALL, REFUSED}},
               {"row", {FREE, FREE, ALL}},        {"tile", {ALL, ALL, ALL}},
               {"gemm", {FREE, FREE, LESS}},      {"direct", {FREE, FREE, FREE}}};
enum { THRIFTS = sizeof thrifts / sizeof *thrifts };

/* In the short set the convolutions are cut down, to sums that are too short to be split. */
static thrift thrift_of(const char *algo, clcnn_direction direction)
{
    for (size_t i = 0; i < THRIFTS; i++)
        if (strcmp(thrifts[i].algo, algo) == 0)
            return thrifts[i].ways[direction] == LESS && harness_short()
                       ? FREE
                       : thrifts[i].ways[direction];
    CHECK(false, "%s: nothing is written down on its workspace", algo);
    return REFUSED;
}

/* Each algorithm finds a shape with something to save in each direction: many images, so that sums
 * are split; few channels; filters of a pixel; more channels than winograd fuses; rows longer than
 * a vector. */
static const clcnn_conv2d shapes_for_workspace[] = {
    {.n = 9, .c = 3, .h = 12, .w = 12, .k = 5, .r = 3, .s = 3, .pad_top = 1},
    {.n = 11, .c = 2, .h = 43, .w = 43, .k = 2, .r = 3, .s = 3, .groups = 2},
    {.n = 3, .c = 5, .h = 9, .w = 11, .k = 7, .r = 1, .s = 1, .stride_h = 2, .stride_w = 2},
    {.n = 1, .c = 65, .h = 7, .w = 9, .k = 65, .r = 3, .s = 3},
    {.n = 2, .c = 2, .h = 13, .w = 44, .k = 3, .r = 5, .s = 5, .pad_left = 2},
    {.n = 3, .c = 17, .h = 1, .w = 1, .k = 5, .r = 1, .s = 1}};
enum { WORKSPACE_SHAPES = sizeof shapes_for_workspace / sizeof *shapes_for_workspace };

/* With one limit: true where it ran. */
static bool runs_within(const check_case *c, const check_direction *way,
                        const check_expected *expected, int device, const char *algo, size_t limit)
{
    const check_options options = {
        .ctx = harness_ctx(device), .algo = algo, .max_workspace = &limit};
    const check_result result = check_run(c, way, expected, &options);
    CHECK(result.verdict != CHECK_FAIL, "limit of %zu bytes: %s", limit, result.message);
    return result.verdict == CHECK_PASS;
}

/* One algorithm with less and less workspace, down to nothing. */
static thrift limit_workspace(const check_case *c, const check_direction *way,
                              const check_expected *expected, int device, const char *algo)
{
    clcnn_plan plan;
    if (clcnn_conv2d_plan(harness_ctx(device), &c->desc.conv2d, way->direction, algo,
                          CLCNN_ANY_WORKSPACE, &plan) != CLCNN_SUCCESS)
        return REFUSED;
    const size_t want = plan.workspace_bytes;
    CHECK(runs_within(c, way, expected, device, algo, want), "%s %s refuses the %zu bytes it wants",
          algo, way->name, want);
    if (want == 0)
        return FREE;
    int less = 0;
    const size_t limits[] = {want - 1, want / 2, want / 4, 4};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i += harness_short() ? 4 : 1)
        less += runs_within(c, way, expected, device, algo, limits[i]);
    if (runs_within(c, way, expected, device, algo, 0))
        return LESS;
    return less > 0 || (harness_short() && thrift_of(algo, way->direction) == SOME) ? SOME : ALL;
}

/* By every algorithm; remembers the most that was seen of each. The default always finds one. */
static void limit_workspaces(const check_case *c, int device, thrift seen[THRIFTS][3])
{
    for (const check_direction *way = check_op_conv2d.directions; way->name; way++) {
        check_expected expected;
        if (!CHECK(!check_expected_create(c, way, &expected), "%s: no reference", way->name))
            continue;
        const clcnn_algo *algos = clcnn_algos("conv2d");
        for (int a = 0; a < THRIFTS && algos[a].name; a++) {
            const thrift had = seen[a][way->direction];
            if (harness_short() && had && had == thrift_of(algos[a].name, way->direction))
                continue; /* a simulator takes seconds for each */
            const thrift t = limit_workspace(c, way, &expected, device, algos[a].name);
            if (t > seen[a][way->direction])
                seen[a][way->direction] = t;
        }
        for (size_t limit = 0; limit < (harness_short() ? 1 : 4096); limit = 4 * limit + 4)
            CHECK(runs_within(c, way, &expected, device, NULL, limit),
                  "%s: no algorithm within %zu bytes", way->name, limit);
        check_expected_free(&expected);
    }
}

/* A plan keeps to the limit that it was given, and is right with less than it would like. */
static void test_workspace(void)
{
    const clcnn_algo *algos = clcnn_algos("conv2d");
    for (int device = 0; device < harness_device_count(); device++) {
        thrift seen[THRIFTS][3] = {{REFUSED}};
        for (int i = 0; i < WORKSPACE_SHAPES; i++) {
            check_case *c = make_case(&shapes_for_workspace[i], CHECK_INTEGERS);
            limit_workspaces(c, device, seen);
            check_case_destroy(c);
        }
        for (int a = 0; algos[a].name; a++)
            for (int way = CLCNN_FORWARD; way <= CLCNN_BACKWARD_WEIGHTS; way++) {
                const thrift told = thrift_of(algos[a].name, (clcnn_direction)way);
                /* llvmpipe leaves loops as long as the second shape's sum: it is split there */
                const bool splits = told == LESS && strcmp(algos[a].name, "gemm") == 0 &&
                                    strstr(harness_device_name(device), "llvmpipe");
                const thrift want = splits ? SOME : told;
                CHECK(a < THRIFTS && seen[a][way] == want,
                      "%s, direction %d on %s: it is %d with little workspace, not %d",
                      algos[a].name, way, harness_device_name(device),
                      a < THRIFTS ? seen[a][way] : 0, want);
            }
    }
}

/* ---- Vector widths -----------------------------------------------------------------------------
 */

static void for_vectors(const clcnn_conv2d *shapes, size_t count)
{
    sweep s = {.op = &check_op_conv2d, .only = {"winograd", "tile", "row", "point", "depthwise"}};
    for (size_t i = 0; i < count; i++) {
        const check_desc desc = {.conv2d = harness_short() ? cut_down(&shapes[i]) : shapes[i]};
        sweep_desc(&s, "vector widths", &desc, CHECK_INTEGERS, harness_seed(), SWEEP_PACKED);
    }
    sweep_check_filled(&s);
}

static void shapes_for_vectors(void)
{
    static const clcnn_conv2d shapes[] = {
        {.n = 2, .c = 3, .h = 9, .w = 10, .k = 5, .r = 3, .s = 3, .pad_top = 1},
        {.n = 1, .c = 35, .h = 7, .w = 6, .k = 37, .r = 2, .s = 3, .pad_left = 2},
        {.n = 1, .c = 4, .h = 5, .w = 37, .k = 2, .r = 3, .s = 2, .pad_left = 1, .groups = 2},
        {.n = 2, .c = 8, .h = 9, .w = 7, .k = 34, .r = 3, .s = 3, .stride_h = 2, .groups = 2},
        {.n = 2, .c = 2, .h = 6, .w = 25, .k = 21, .r = 2, .s = 5, .dilation_h = 2, .groups = 1},
        {.n = 2, .c = 4, .h = 6, .w = 11, .k = 22, .r = 3, .s = 3, .pad_left = 1, .groups = 2},
        {.n = 2, .c = 2, .h = 5, .w = 39, .k = 6, .r = 4, .s = 3, .pad_right = 2, .dilation_w = 2},
        {.n = 3, .c = 9, .h = 5, .w = 7, .k = 13, .r = 1, .s = 1, .accumulate = 1},
        {.n = 2, .c = 6, .h = 15, .w = 13, .k = 11, .r = 1, .s = 1, .accumulate = 1},
        {.n = 2, .c = 6, .h = 9, .w = 8, .k = 10, .r = 1, .s = 1, .stride_h = 3, .groups = 2},
        {.n = 2, .c = 3, .h = 27, .w = 53, .k = 5, .r = 1, .s = 1, .stride_h = 2, .stride_w = 2},
        {.n = 2, .c = 3, .h = 7, .w = 96, .k = 5, .r = 1, .s = 1, .stride_w = 2, .accumulate = 1},
        {.n = 1, .c = 3, .h = 9, .w = 90, .k = 5, .r = 1, .s = 1, .stride_w = 3},
        {.n = 2, .c = 3, .h = 8, .w = 37, .k = 3, .r = 3, .s = 3, .pad_left = 1, .groups = 3},
        {.n = 2, .c = 3, .h = 8, .w = 7, .k = 6, .r = 3, .s = 3, .pad_top = 1, .groups = 3},
        {.n = 2, .c = 3, .h = 9, .w = 6, .k = 3, .r = 2, .s = 5, .stride_w = 3, .groups = 3},
        {.n = 2,
         .c = 3,
         .h = 9,
         .w = 69,
         .k = 3,
         .r = 3,
         .s = 3,
         .pad_left = 1,
         .stride_h = 2,
         .stride_w = 2,
         .groups = 3,
         .accumulate = 1},
        {.n = 2, .c = 5, .h = 9, .w = 37, .k = 18, .r = 3, .s = 3, .pad_top = 1, .pad_left = 4},
        {.n = 2, .c = 3, .h = 7, .w = 41, .k = 18, .r = 3, .s = 4, .stride_w = 2, .dilation_w = 2},
        {.n = 1, .c = 18, .h = 6, .w = 20, .k = 3, .r = 2, .s = 5, .pad_left = 3, .accumulate = 1},
        {.n = 2, .c = 2, .h = 5, .w = 37, .k = 10, .r = 3, .s = 3, .pad_top = 1, .pad_left = 4},
        {.n = 2, .c = 19, .h = 6, .w = 31, .k = 33, .r = 3, .s = 3, .pad_top = 1, .pad_right = 2}};
    for_vectors(shapes, harness_short() ? 1 : sizeof shapes / sizeof *shapes);
}

/* The largest filter that `depthwise` has a variant for, over a stride. */
static void large_filter_for_vectors(void)
{
    static const clcnn_conv2d d = {.n = 2,
                                   .c = 3,
                                   .h = 9,
                                   .w = 7,
                                   .k = 3,
                                   .r = 5,
                                   .s = 5,
                                   .pad_top = 2,
                                   .pad_left = 2,
                                   .stride_h = 2,
                                   .stride_w = 2,
                                   .groups = 3};
    for_vectors(&d, 1);
}

static bool on_llvmpipe(void)
{
    bool found = false;
    for (int i = 0; i < harness_device_count(); i++)
        found |= strstr(harness_device_name(i), "llvmpipe") != NULL;
    return found;
}

/*
 * Every vector width of the CPU-shaped kernels, whatever this device would take. The tiles are as
 * small as they may be with more than one of everything: what llvmpipe takes to compile a kernel
 * grows with the square of its loads, stores and branches, and with vectors of 16 and the tiles of
 * the tuning rows that is half a minute for some. PoCL has those tiles, in the runs by width. A PIX
 * like the vector turns tiles around, which is seen at 4.
 */
static void test_vector_widths(void)
{
#define WIDTH(vec, pix)                                                                            \
    "algo device width shape use VEC VECS PIX RUN NEAR\n"                                          \
    "tile * * thin 1 " vec " 1 5 3 1\n"                                                            \
    "tile * * *    1 " vec " 2 " pix " 4 1\n"                                                      \
    "algo device width shape use VEC SUMS CHANNELS NEAR\n"                                         \
    "row  * * *    1 " vec " 8 64 1\n"                                                             \
    "algo device width shape use VEC BLOCK SEGS\n"                                                 \
    "point * * *   1 " vec " 3 2\n"                                                                \
    "algo device width shape use VEC ROWS ITEM CHANNELS\n"                                         \
    "depthwise * * * 1 " vec " 2 64 64\n"
#define RUNS_OF_10 /* at 16 these have stores of their own */                                      \
    "algo device width shape use VEC VECS PIX RUN NEAR\n"                                          \
    "tile * * medium 1 16 1 4 10 24\n"
#define WINOGRAD(vec)                                                                              \
    "algo device width shape use VEC VECS PIX CHANNELS FUSE CHUNK\n"                               \
    "winograd * * medium 1 " vec " 1 5 1 64 4\n"                                                   \
    "winograd * * *      1 " vec " 2 3 1 6  4\n"
    /* What takes llvmpipe a minute or more to compile, others have: Winograd at 16 (`ctest -L
     * widths`, on PoCL) and at 8 (which is llvmpipe's own width, whose rows the other tests take,
     * if not fused); stores of runs of 10; a 5x5 filter over a stride, which is 3x3's code with
     * another number. */
    static const char *const widths[] = {WIDTH("4", "4") WINOGRAD("4"),
                                         WIDTH("8", "3") WINOGRAD("8"), RUNS_OF_10 WIDTH("16", "2"),
                                         NULL};
    static const char *const quick[] = {WIDTH("4", "4") WINOGRAD("4"), WIDTH("8", "3"),
                                        WIDTH("16", "2"), NULL};
    static const char *const narrow[] = {WIDTH("4", "4"), NULL};
    if (getenv("CLCNN_TEST_WIDTH")) /* these rows come before a width's: nothing would be new */
        return;
    sweep_tuned("conv2d", on_llvmpipe() ? quick : widths, shapes_for_vectors);
    if (!harness_short())
        sweep_tuned("conv2d", on_llvmpipe() ? narrow : widths, large_filter_for_vectors);
}

/* ---- row's tiles --------------------------------------------------------------------------------
 */

/* Tiles that leave channels, columns or lines of a result for later, rows that are shorter than a
 * vector and are stored across their ends, phases that meet no tap, and tensors so large that a
 * work-item asks for what comes next. */
static void tiles_of_row(void)
{
    static const clcnn_conv2d shapes[] = {
        {.n = 1, .c = 300, .h = 18, .w = 19, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_right = 1},
        {.n = 1, .c = 3, .h = 18, .w = 33, .k = 130, .r = 3, .s = 3, .pad_left = 2, .stride_h = 2},
        {.n = 2, .c = 2, .h = 6, .w = 301, .k = 3, .r = 3, .s = 5, .pad_left = 2, .pad_right = 2},
        {.n = 2, .c = 2, .h = 150, .w = 5, .k = 9, .r = 5, .s = 3, .pad_top = 2, .pad_left = 1},
        {.n = 2, .c = 2, .h = 31, .w = 6, .k = 3, .r = 3, .s = 3, .pad_top = 2, .accumulate = 1},
        {.n = 1, .c = 2, .h = 21, .w = 70, .k = 40, .r = 7, .s = 7, .stride_h = 2, .stride_w = 2},
        {.n = 1, .c = 2, .h = 21, .w = 70, .k = 4, .r = 2, .s = 1, .stride_h = 3, .stride_w = 3},
        {.n = 1, .c = 2, .h = 40, .w = 75, .k = 4, .r = 3, .s = 3, .dilation_h = 9, .stride_w = 4},
        {.n = 1, .c = 4, .h = 520, .w = 520, .k = 2, .r = 1, .s = 3, .pad_left = 1}};
    sweep s = {.op = &check_op_conv2d, .only = {"row"}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const check_desc desc = {.conv2d = harness_short() ? cut_down(&shapes[i]) : shapes[i]};
        sweep_desc(&s, "tiles of row", &desc, CHECK_INTEGERS, harness_seed(), 0);
    }
    sweep_check_filled(&s);
}

static void test_row_tiles(void)
{
    static const char *const rows[] = {"algo device width shape use VEC SUMS CHANNELS NEAR\n"
                                       "row  * * * 1 4 8 64 0\n",
                                       NULL};
    const bool width = getenv("CLCNN_TEST_WIDTH") != NULL;
    if (width || !harness_short()) /* in the short set tiles are small as it is */
        tiles_of_row();
    if (!width)
        sweep_tuned("conv2d", rows, tiles_of_row);
}

/* ---- backward_weights from local memory --------------------------------------------------------
 */

/* dw and db, dw alone, db alone; 1 where the algorithm takes the shape. */
static int run_near(const check_case *c, int device, const char *algo)
{
    clcnn_plan plan;
    if (clcnn_conv2d_plan(harness_ctx(device), &c->desc.conv2d, CLCNN_BACKWARD_WEIGHTS, algo,
                          CLCNN_ANY_WORKSPACE, &plan) != CLCNN_SUCCESS)
        return 0;
    for (unsigned without = 0; without < 3; without++)
        sweep_run("from local memory", c, "backward_weights", device,
                  (check_options){.algo = algo, .without = without});
    return 1;
}

/* row and tile, with fewer channels or lines in a work-item than there are, splits of several
 * images, groups, padding larger than an image, and dilation; dw and db, or one of them. */
static void test_near_weights(void)
{
    static const clcnn_conv2d shapes[] = {
        {.n = 5, .c = 3, .h = 12, .w = 40, .k = 7, .r = 5, .s = 5, .pad_top = 2, .pad_left = 2},
        {.n = 3, .c = 9, .h = 14, .w = 14, .k = 16, .r = 5, .s = 5},
        {.n = 2, .c = 40, .h = 9, .w = 21, .k = 8, .r = 3, .s = 3, .pad_right = 1},
        {.n = 2, .c = 2, .h = 70, .w = 130, .k = 5, .r = 5, .s = 5, .dilation_w = 3},
        {.n = 3, .c = 2, .h = 5, .w = 18, .k = 4, .r = 3, .s = 3, .pad_top = 9, .pad_left = 20},
        {.n = 70, .c = 6, .h = 5, .w = 25, .k = 12, .r = 3, .s = 3, .pad_left = 1, .groups = 2},
        {.n = 2, .c = 3, .h = 33, .w = 29, .k = 11, .r = 3, .s = 3, .pad_top = 1, .pad_bottom = 1},
        {.n = 69, .c = 4, .h = 8, .w = 7, .k = 26, .r = 5, .s = 5, .pad_left = 2, .groups = 2},
        {.n = 2, .c = 2, .h = 3, .w = 4, .k = 10, .r = 3, .s = 3, .pad_top = 6, .pad_right = 9},
        {.n = 2, .c = 3, .h = 11, .w = 9, .k = 12, .r = 4, .s = 3, .dilation_h = 3}};
    for (size_t k = 0; k < (harness_short() ? 2 : sizeof shapes / sizeof *shapes); k++) {
        clcnn_conv2d d = shapes[k];
        d.accumulate = k % 2 == 0;
        check_case *c = make_case(&d, CHECK_INTEGERS);
        for (int i = 0; i < harness_device_count(); i++)
            CHECK(run_near(c, i, "row") + run_near(c, i, "tile") > 0, "shape %zu: nobody takes it",
                  k);
        check_case_destroy(c);
    }
}

/* tile, where it walks over packed pixels with one tile of taps after the other: pixels of several
 * images in local memory at a time, rows cut in two, taps of several work-items, strides that leave
 * some of x, dense layers, whose images are the pixels. */
static void parts_of_pixels(void)
{
    static const clcnn_conv2d shapes[] = {
        {.n = 9, .c = 5, .h = 7, .w = 7, .k = 11, .r = 1, .s = 1},
        {.n = 3, .c = 15, .h = 15, .w = 21, .k = 9, .r = 1, .s = 1, .stride_h = 2, .stride_w = 2},
        {.n = 2, .c = 330, .h = 9, .w = 5, .k = 9, .r = 1, .s = 1},
        {.n = 300, .c = 9, .h = 1, .w = 1, .k = 10, .r = 1, .s = 1},
        {.n = 2, .c = 3, .h = 6, .w = 40, .k = 5, .r = 1, .s = 3, .dilation_h = 1 << 30},
        {.n = 2, .c = 6, .h = 13, .w = 45, .k = 10, .r = 4, .s = 2, .dilation_h = 2, .groups = 2},
        {.n = 5, .c = 30, .h = 8, .w = 1, .k = 3, .r = 3, .s = 1, .pad_top = 2, .stride_h = 3}};
    for (size_t k = 0; k < (harness_short() ? 3 : sizeof shapes / sizeof *shapes); k++) {
        clcnn_conv2d d = shapes[k];
        d.accumulate = k % 2 == 0;
        check_case *c = make_case(&d, CHECK_INTEGERS);
        for (int i = 0; i < harness_device_count(); i++)
            CHECK(run_near(c, i, "tile") > 0, "shape %zu: tile doesn't take it", k);
        check_case_destroy(c);
    }
}

static void test_parts_of_pixels(void)
{
    static const char *const rows[] = {"algo device width shape use VEC VECS PIX RUN NEAR\n"
                                       "tile * * * 1 4 2 3 0 1\n",
                                       NULL};
    if (!getenv("CLCNN_TEST_WIDTH"))
        sweep_tuned("conv2d", rows, parts_of_pixels);
    else
        parts_of_pixels();
}

/* What does not fit a work-item is refused by name, and done by another algorithm. */
static void test_row_refuses(void)
{
    static const struct {
        clcnn_conv2d d;
        const char *why;
        clcnn_direction direction;
    } cases[] = {
        {{.n = 1, .c = 250000, .h = 9, .w = 9, .k = 2, .r = 7, .s = 7}, "loops", CLCNN_FORWARD},
        {{.n = 1,
          .c = 1,
          .h = 900,
          .w = 900,
          .k = 1,
          .r = 2,
          .s = 3,
          .dilation_h = 800,
          .dilation_w = 400},
         "local memory",
         CLCNN_BACKWARD_WEIGHTS},
        {{.n = 1,
          .c = 1,
          .h = 900,
          .w = 900,
          .k = 1,
          .r = 2,
          .s = 2,
          .dilation_h = 800,
          .dilation_w = 800},
         "local memory",
         CLCNN_FORWARD}};
    for (int i = 0; i < harness_device_count(); i++)
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
            clcnn_ctx *ctx = harness_ctx(i);
            clcnn_plan plan;
            CHECK(clcnn_conv2d_plan(ctx, &cases[k].d, cases[k].direction, "row",
                                    CLCNN_ANY_WORKSPACE, &plan) == CLCNN_UNSUPPORTED,
                  "row takes what is too large for it");
            CHECK(strstr(clcnn_last_error(ctx)->message, cases[k].why), "\"%s\"",
                  clcnn_last_error(ctx)->message);
            CHECK(clcnn_conv2d_plan(ctx, &cases[k].d, cases[k].direction, NULL, CLCNN_ANY_WORKSPACE,
                                    &plan) == CLCNN_SUCCESS,
                  "no algorithm takes it");
        }
}

/* ---- Much padding
 * --------------------------------------------------------------------------------
 */

/* More padding than a filter reaches, and tensors that winograd asks ahead for: the images that its
 * gradient reads are then wider than what tiles meet. */
static void test_much_padding(void)
{
    if (harness_short())
        return;
    static const clcnn_conv2d shapes[] = {{.n = 40,
                                           .c = 32,
                                           .h = 8,
                                           .w = 8,
                                           .k = 32,
                                           .r = 3,
                                           .s = 3,
                                           .pad_top = 4,
                                           .pad_left = 4,
                                           .pad_bottom = 4,
                                           .pad_right = 4},
                                          {.n = 40,
                                           .c = 32,
                                           .h = 3,
                                           .w = 3,
                                           .k = 32,
                                           .r = 3,
                                           .s = 3,
                                           .pad_top = 9,
                                           .pad_left = 8,
                                           .pad_bottom = 7,
                                           .pad_right = 9}};
    sweep s = {.op = &check_op_conv2d, .only = {"winograd"}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const check_desc desc = {.conv2d = shapes[i]};
        sweep_desc(&s, "much padding", &desc, CHECK_REALS, harness_seed(), 0);
    }
    sweep_check_filled(&s);
}

/* ---- Little local memory ------------------------------------------------------------------------
 */

/* backward_data of point packs the weights of a panel of channels in local memory, forward what is
 * left of small images behind their whole vectors; of so many channels that is more than any of the
 * devices here has. */
static void test_little_local_memory(void)
{
    if (harness_short())
        return;
    static const clcnn_conv2d shapes[] = {
        {.n = 1, .c = 2, .h = 4, .w = 4, .k = 16500, .r = 1, .s = 1},
        {.n = 2, .c = 2, .h = 3, .w = 6, .k = 16500, .r = 1, .s = 1, .accumulate = 1},
        {.n = 3, .c = 16500, .h = 7, .w = 7, .k = 9, .r = 1, .s = 1, .activation = CLCNN_RELU},
        /* enough channels for whole vectors of small images to come first */
        {.n = 3, .c = 19, .h = 7, .w = 7, .k = 260, .r = 1, .s = 1},
        {.n = 2, .c = 22, .h = 7, .w = 7, .k = 520, .groups = 2, .r = 1, .s = 1, .accumulate = 1},
    };
    sweep s = {.op = &check_op_conv2d, .only = {"point"}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const check_desc desc = {.conv2d = shapes[i]};
        sweep_desc(&s, "little local memory", &desc, CHECK_INTEGERS, harness_seed(), 0);
    }
    for (int d = CLCNN_FORWARD; d <= CLCNN_BACKWARD_DATA; d++)
        CHECK(s.could_be[d] > 0 && s.nonzero[d] * 10 >= s.could_be[d] * 3,
              "direction %d: %zu of %zu results that could be other than 0 were", d, s.nonzero[d],
              s.could_be[d]);
}

/* ---- Adjoint identity --------------------------------------------------------------------------
 */

/* Sum of products of two integer tensors, exact. */
static int64_t inner(const float *a, const float *b, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (int64_t)a[i] * (int64_t)b[i];
    return sum;
}

/* <y, dy> = <x, dx> = <w, dw>: the three directions are one bilinear form, without any reference.
 */
static void test_adjoint(void)
{
    if (harness_short()) /* follows from the exact cases there */
        return;
    for (const conv2d_case *row = conv2d_small; row->name; row++) {
        clcnn_conv2d d = row->d;
        d.activation = CLCNN_IDENTITY;
        d.accumulate = 0;
        d.dot_only = 1; /* nothing that rounds integers */
        check_case *c = make_case(&d, CHECK_INTEGERS);
        check_case_drop(c, "b");
        for (int i = 0; i < harness_device_count(); i++) {
            const check_options keep = {.keep = true};
            check_result y = sweep_run(row->name, c, "forward", i, keep);
            check_result dx = sweep_run(row->name, c, "backward_data", i, keep);
            check_result dw = sweep_run(row->name, c, "backward_weights", i, keep);
            const check_tensor *x = check_case_input(c, "x"), *w = check_case_input(c, "w");
            const check_tensor *dy = check_case_input(c, "dy");
            if (y.out[0] && dx.out[0] && dw.out[0]) {
                const int64_t a = inner(y.out[0], dy->f, dy->count);
                const int64_t b = inner(dx.out[0], x->f, x->count);
                const int64_t e = inner(dw.out[0], w->f, w->count);
                CHECK(a == b && b == e, "%s: <y,dy> = %lld, <x,dx> = %lld, <w,dw> = %lld",
                      row->name, (long long)a, (long long)b, (long long)e);
            }
            check_result_free(&y);
            check_result_free(&dx);
            check_result_free(&dw);
        }
        check_case_destroy(c);
    }
}

static const harness_test tests[] = {{"integers, exactly", test_exact},
                                     {"reals, within the bound", test_real},
                                     {"layers of networks", test_layers},
                                     {"random shapes", test_random},
                                     {"optional tensors", test_optional},
                                     {"workspace limits", test_workspace},
                                     {"adjoint identity", test_adjoint},
                                     {"vector widths", test_vector_widths},
                                     {"row's tiles", test_row_tiles},
                                     {"weights from local memory", test_near_weights},
                                     {"weights by parts of pixels", test_parts_of_pixels},
                                     {"what row refuses", test_row_refuses},
                                     {"much padding", test_much_padding},
                                     {"little local memory", test_little_local_memory},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("conv2d", tests);
}
