/*
 * The only place that builds programs, sets arguments and enqueues kernels.
 *
 * A program is one file of kernels/ with its build options. Programs and kernels are kept per
 * context, found again by name and option values, so that after the first call a launch is a
 * look-up, a few clSetKernelArg and one enqueue.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_OPTIONS = 2 * CLCNN__MAX_MACROS };

typedef struct options {
    int count;
    clcnn__macro macros[MAX_OPTIONS];
} options;

typedef struct built_kernel {
    struct built_kernel *next;
    char name[64];
    cl_kernel kernel;
    size_t max_work_group;
    bool launched;
} built_kernel;

typedef struct built_program {
    struct built_program *next;
    char name[64];
    options options; /* the names point to `names` */
    char names[MAX_OPTIONS][32];
    cl_program program;   /* NULL: it does not build */
    clcnn_error *failure; /* ... because of this */
    built_kernel *kernels;
} built_program;

struct clcnn__programs {
    built_program *first;
    size_t built;
};

/* A growing text: source and build options. `failed` is set when memory ran out. */
typedef struct text {
    char *data;
    size_t used, size;
    bool failed;
} text;

static void append(text *t, const char *data, size_t length)
{
    if (t->used + length + 1 > t->size) {
        size_t size = 2 * (t->used + length + 1);
        char *grown = t->failed ? NULL : realloc(t->data, size);
        if (!grown) {
            t->failed = true;
            return;
        }
        t->data = grown;
        t->size = size;
    }
    memcpy(t->data + t->used, data, length);
    t->used += length;
    t->data[t->used] = '\0';
}

/* ---- Source: a file of kernels/ with its includes put in place ----------------------------------
 */

const char *clcnn__file_text(const char *name)
{
    for (const clcnn__file *file = clcnn__files; file->name; file++)
        if (strcmp(file->name, name) == 0)
            return file->text;
    return NULL;
}

#ifdef CLCNN_KERNEL_DIR
/* A developer's build: the file as it is on disk now. */
static char *read_source(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", CLCNN_KERNEL_DIR, name);
    FILE *file = fopen(path, "rb");
    text t = {0};
    char block[4096];
    size_t got;
    while (file && (got = fread(block, 1, sizeof block, file)) > 0)
        append(&t, block, got);
    if (file)
        fclose(file);
    return t.data;
}
#else
static char *read_source(const char *name)
{
    const char *embedded = clcnn__file_text(name);
    text t = {0};
    if (embedded)
        append(&t, embedded, strlen(embedded));
    return t.data;
}
#endif

/* The name between the quotes of an #include line, or false. */
static bool include_line(const char *line, size_t length, char *name, size_t size)
{
    const char key[] = "#include \"";
    if (length < sizeof key || strncmp(line, key, sizeof key - 1) != 0)
        return false;
    const char *begin = line + sizeof key - 1;
    const char *end = memchr(begin, '"', length - (sizeof key - 1));
    if (!end || (size_t)(end - begin) >= size)
        return false;
    memcpy(name, begin, (size_t)(end - begin));
    name[end - begin] = '\0';
    return true;
}

/* Appends a file, its #include lines replaced by what they name; #line keeps logs pointing right.
 */
static clcnn_status append_source(text *t, const char *name, int depth, clcnn_error *error)
{
    char *source = depth < 8 ? read_source(name) : NULL;
    if (!source)
        return CLCNN__FAIL(error, CLCNN_BUILD_FAILED, "kernel source \"%.80s\" cannot be read",
                           name);
    clcnn_status status = CLCNN_SUCCESS;
    char mark[128], included[64];
    int number = 1;
    append(t, mark, (size_t)snprintf(mark, sizeof mark, "#line 1 \"%s\"\n", name));
    for (const char *line = source; *line && status == CLCNN_SUCCESS; number++) {
        size_t length = strcspn(line, "\n");
        if (include_line(line, length, included, sizeof included)) {
            status = append_source(t, included, depth + 1, error);
            append(t, mark,
                   (size_t)snprintf(mark, sizeof mark, "#line %d \"%s\"\n", number + 1, name));
        } else {
            append(t, line, length);
            append(t, "\n", 1);
        }
        line += length + (line[length] == '\n');
    }
    free(source);
    return status;
}

/* ---- Building
 * ------------------------------------------------------------------------------------ */

static clcnn_status build_failed(clcnn_ctx *ctx, const char *name, const char *build_options,
                                 cl_program program, cl_int code)
{
    clcnn__fail(&ctx->error, CLCNN_BUILD_FAILED, code, __FILE__, __LINE__,
                "building %s.cl for %s (driver %s) with \"%s\" failed: %s", name, ctx->info.name,
                ctx->info.driver, build_options, clcnn__cl_name(code));
    size_t need = 0;
    char *log = NULL;
    if (clGetProgramBuildInfo(program, ctx->device, CL_PROGRAM_BUILD_LOG, 0, NULL, &need) ==
        CL_SUCCESS)
        log = calloc(1, need + 1);
    if (log && clGetProgramBuildInfo(program, ctx->device, CL_PROGRAM_BUILD_LOG, need, log, NULL) ==
                   CL_SUCCESS)
        snprintf(ctx->error.build_log, sizeof ctx->error.build_log, "%s", log);
    free(log);
    return CLCNN_BUILD_FAILED;
}

/*
 * PoCL has clang read OpenCL's header for every program, more than half of what that costs. These
 * options say that it has been read, and that kernels/builtins.clh is to declare what they use.
 */
static const char own_builtins[] = " -D_OPENCL_H_=1 -DCLCNN_BUILTINS=1";

static bool declares_builtins(const clcnn_ctx *ctx)
{
    return strcmp(ctx->info.platform_name, "Portable Computing Language") == 0;
}

static text flags_of(const clcnn_ctx *ctx, const options *opts, const char *more)
{
    text flags = {0};
    char flag[80];
    append(&flags, "-cl-std=CL1.2", 13);
    if (ctx->info.fma)
        append(&flags, " -DCLCNN_FMA=1", 14);
    if (ctx->info.type & CL_DEVICE_TYPE_CPU)
        append(&flags, " -DCLCNN_CPU=1", 14);
    append(&flags, more, strlen(more));
    for (int i = 0; i < opts->count; i++) {
        int length =
            snprintf(flag, sizeof flag, " -D%s=%d", opts->macros[i].name, opts->macros[i].value);
        append(&flags, flag, (size_t)length);
    }
    return flags;
}

static clcnn_status compile(clcnn_ctx *ctx, const char *name, const options *opts,
                            const text *source, const char *more, cl_program *out)
{
    text flags = flags_of(ctx, opts, more);
    cl_int code = CL_SUCCESS;
    clcnn_status status = CLCNN_SUCCESS;
    cl_program program = NULL;
    const char *data = source->data;
    if (source->failed || flags.failed)
        status = CLCNN__FAIL(&ctx->error, CLCNN_OUT_OF_MEMORY,
                             "no host memory for the source of %s", name);
    else
        program = clCreateProgramWithSource(ctx->context, 1, &data, &source->used, &code);
    if (code != CL_SUCCESS) {
        status = CLCNN__CL_FAIL(&ctx->error, code, "clCreateProgramWithSource");
    } else if (program) {
        code = clBuildProgram(program, 1, &ctx->device, flags.data, NULL, NULL);
        if (code != CL_SUCCESS)
            status = build_failed(ctx, name, flags.data, program, code);
    }
    if (status == CLCNN_SUCCESS)
        *out = program;
    else if (program)
        clReleaseProgram(program);
    free(flags.data);
    return status;
}

/* With declarations of our own first, where that pays; should they not suit a driver, without. */
static clcnn_status build(clcnn_ctx *ctx, const char *name, const options *opts, cl_program *out)
{
    text source = {0};
    char file[80];
    snprintf(file, sizeof file, "%s.cl", name);
    clcnn_status status = append_source(&source, file, 0, &ctx->error);
    if (status == CLCNN_SUCCESS) {
        const clcnn_error before = ctx->error;
        status = CLCNN_BUILD_FAILED;
        if (declares_builtins(ctx))
            status = compile(ctx, name, opts, &source, own_builtins, out);
        if (status == CLCNN_BUILD_FAILED) {
            status = compile(ctx, name, opts, &source, "", out);
            if (status == CLCNN_SUCCESS)
                ctx->error = before; /* the first attempt is nobody's failure */
        }
    }
    free(source.data);
    return status;
}

/* ---- The cache
 * ----------------------------------------------------------------------------------- */

/* Options of the call after those of the row: a name given twice keeps the call's value. */
static void collect(const clcnn__launch_desc *desc, options *opts)
{
    opts->count = 0;
    for (int i = 0; desc->row && i < desc->row->count; i++)
        opts->macros[opts->count++] = desc->row->macros[i];
    for (int i = 0; i < desc->macro_count; i++) {
        int at = 0;
        while (at < opts->count && strcmp(opts->macros[at].name, desc->macros[i].name) != 0)
            at++;
        opts->macros[at] = desc->macros[i];
        if (at == opts->count)
            opts->count++;
    }
}

static bool same_options(const options *a, const options *b)
{
    if (a->count != b->count)
        return false;
    for (int i = 0; i < a->count; i++)
        if (a->macros[i].value != b->macros[i].value)
            return false;
    for (int i = 0; i < a->count; i++)
        if (strcmp(a->macros[i].name, b->macros[i].name) != 0)
            return false;
    return true;
}

/* A place for a program; its options' names are kept with it. */
static built_program *new_program(const char *name, const options *opts)
{
    built_program *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->options = *opts;
    for (int i = 0; i < opts->count; i++) {
        snprintf(p->names[i], sizeof p->names[i], "%s", opts->macros[i].name);
        p->options.macros[i].name = p->names[i];
    }
    return p;
}

static void free_program(built_program *p)
{
    for (built_kernel *k = p->kernels, *after; k; k = after) {
        after = k->next;
        clReleaseKernel(k->kernel);
        free(k);
    }
    if (p->program)
        clReleaseProgram(p->program);
    free(p->failure);
    free(p);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void tell(clcnn_ctx *ctx, const char *program, const char *kernel, double since)
{
    const clcnn_compiled compiled = {program, kernel, now() - since};
    ctx->watch(&compiled, ctx->watcher);
}

/* Builds a program. One that the compiler rejects is kept too, so that it is not tried again. */
static clcnn_status add_program(clcnn_ctx *ctx, const char *name, const options *opts,
                                built_program **out)
{
    clcnn__programs *programs = ctx->programs;
    built_program *p = new_program(name, opts);
    if (!p)
        return CLCNN__FAIL(&ctx->error, CLCNN_OUT_OF_MEMORY, "no host memory for program %s", name);
    const double begin = now();
    const clcnn_status status = build(ctx, name, opts, &p->program);
    if (ctx->watch && status == CLCNN_SUCCESS)
        tell(ctx, name, NULL, begin);
    if (status == CLCNN_BUILD_FAILED)
        p->failure = malloc(sizeof *p->failure);
    if (status != CLCNN_SUCCESS && !p->failure) {
        free_program(p);
        return status;
    }
    if (p->failure)
        *p->failure = ctx->error;
    else
        programs->built++;
    p->next = programs->first;
    programs->first = p;
    *out = p;
    return status;
}

static clcnn_status find_program(clcnn_ctx *ctx, const char *name, const options *opts,
                                 built_program **out)
{
    clcnn__programs *programs = ctx->programs;
    for (built_program **at = &programs->first; *at; at = &(*at)->next) {
        built_program *p = *at;
        if (strcmp(p->name, name) != 0 || !same_options(&p->options, opts))
            continue;
        *at = p->next; /* to the front: the next look-up is likely the same */
        p->next = programs->first;
        programs->first = p;
        *out = p;
        if (p->failure)
            ctx->error = *p->failure;
        return p->failure ? CLCNN_BUILD_FAILED : CLCNN_SUCCESS;
    }
    return add_program(ctx, name, opts, out);
}

static clcnn_status find_kernel(clcnn_ctx *ctx, built_program *program, const char *name,
                                built_kernel **out)
{
    for (built_kernel *k = program->kernels; k; k = k->next)
        if (strcmp(k->name, name) == 0) {
            *out = k;
            return CLCNN_SUCCESS;
        }
    built_kernel *k = calloc(1, sizeof *k);
    if (!k)
        return CLCNN__FAIL(&ctx->error, CLCNN_OUT_OF_MEMORY, "no host memory for kernel %s", name);
    cl_int code = CL_SUCCESS;
    k->kernel = clCreateKernel(program->program, name, &code);
    if (code == CL_SUCCESS) {
        code = clGetKernelWorkGroupInfo(k->kernel, ctx->device, CL_KERNEL_WORK_GROUP_SIZE,
                                        sizeof k->max_work_group, &k->max_work_group, NULL);
        if (code != CL_SUCCESS)
            clReleaseKernel(k->kernel);
    }
    if (code != CL_SUCCESS) {
        free(k);
        return clcnn__fail(&ctx->error, clcnn__cl_status(code), code, __FILE__, __LINE__,
                           "kernel %s of %s.cl: %s (%d)", name, program->name, clcnn__cl_name(code),
                           code);
    }
    snprintf(k->name, sizeof k->name, "%s", name);
    k->next = program->kernels;
    program->kernels = k;
    *out = k;
    return CLCNN_SUCCESS;
}

/* ---- Launching
 * ----------------------------------------------------------------------------------- */

static size_t largest_group(const clcnn_ctx *ctx, const built_kernel *kernel)
{
    return kernel->max_work_group < ctx->info.max_work_group ? kernel->max_work_group
                                                             : ctx->info.max_work_group;
}

/* Work-group and grid: local sizes within the device's limits, global rounded up to local. */
static clcnn_status make_grid(clcnn_ctx *ctx, const clcnn__launch_desc *desc,
                              const built_kernel *kernel, size_t global[3], size_t local[3])
{
    size_t product = 1;
    for (int i = 0; i < 3; i++) {
        global[i] = desc->global[i] ? desc->global[i] : 1;
        local[i] = desc->local[i] ? desc->local[i] : 1;
        product *= local[i];
    }
    const size_t limit = largest_group(ctx, kernel);
    for (int i = 0; i < 3; i++) {
        size_t items = ctx->info.max_work_items[i];
        while (!desc->fixed_local && local[i] > 1 &&
               (product > limit || (items && local[i] > items))) {
            product /= local[i];
            local[i] /= 2;
            product *= local[i];
        }
        if (product > limit && (i == 2 || desc->fixed_local))
            return CLCNN__FAIL(&ctx->error, CLCNN_UNSUPPORTED,
                               "kernel %s needs work-groups of %zu x %zu x %zu, %s allows %zu",
                               desc->kernel, local[0], local[1], local[2], ctx->info.name, limit);
        if (items && local[i] > items)
            return CLCNN__FAIL(&ctx->error, CLCNN_UNSUPPORTED,
                               "kernel %s needs %zu work-items in dimension %d, %s allows %zu",
                               desc->kernel, local[i], i, ctx->info.name, items);
    }
    for (int i = 0; i < 3; i++)
        global[i] = (global[i] + local[i] - 1) / local[i] * local[i];
    return CLCNN_SUCCESS;
}

static cl_int set_arguments(const clcnn__launch_desc *desc, cl_kernel kernel)
{
    cl_mem some = NULL;
    for (int i = 0; i < desc->mem_count && !some; i++)
        some = desc->mems[i].buf;
    cl_uint index = 0;
    cl_int code = clSetKernelArg(kernel, index++, desc->args_size, desc->args);
    for (int i = 0; i < desc->mem_count && code == CL_SUCCESS; i++) {
        cl_mem buf = desc->mems[i].buf ? desc->mems[i].buf : some;
        cl_uint offset = desc->mems[i].buf ? (cl_uint)desc->mems[i].offset : 0;
        code = clSetKernelArg(kernel, index++, sizeof buf, &buf);
        if (code == CL_SUCCESS)
            code = clSetKernelArg(kernel, index++, sizeof offset, &offset);
    }
    if (desc->local_bytes && code == CL_SUCCESS)
        code = clSetKernelArg(kernel, index++, desc->local_bytes, NULL);
    return code;
}

static clcnn_status find(clcnn_ctx *ctx, const clcnn__launch_desc *desc, built_kernel **kernel)
{
    options opts;
    built_program *program = NULL;
    collect(desc, &opts);
    clcnn_status status = find_program(ctx, desc->program, &opts, &program);
    return status == CLCNN_SUCCESS ? find_kernel(ctx, program, desc->kernel, kernel) : status;
}

clcnn_status clcnn__kernel_limit(clcnn_ctx *ctx, const clcnn__launch_desc *desc, size_t *limit)
{
    built_kernel *kernel = NULL;
    clcnn_status status = find(ctx, desc, &kernel);
    if (status == CLCNN_SUCCESS)
        *limit = largest_group(ctx, kernel);
    return status;
}

/* A watched kernel's first launch is timed, with nothing else in the queue; a listener gets the
 * event of every launch. */
static cl_int enqueue(clcnn_ctx *ctx, const clcnn__launch_desc *desc, built_kernel *kernel,
                      const size_t global[3], const size_t local[3])
{
    const bool watched = ctx->watch && !kernel->launched;
    const cl_uint dimensions = global[2] > 1 ? 3 : global[1] > 1 ? 2 : 1;
    cl_event event = NULL;
    cl_int code = watched ? clFinish(ctx->queue) : CL_SUCCESS;
    const double begin = watched ? now() : 0;
    if (code == CL_SUCCESS)
        code = clEnqueueNDRangeKernel(ctx->queue, kernel->kernel, dimensions, NULL, global, local,
                                      0, NULL, ctx->launched ? &event : NULL);
    kernel->launched |= code == CL_SUCCESS;
    if (event)
        ctx->launched(ctx->listener, kernel->name, event);
    if (watched && code == CL_SUCCESS)
        code = clFinish(ctx->queue);
    if (watched && code == CL_SUCCESS)
        tell(ctx, desc->program, desc->kernel, begin);
    return code;
}

clcnn_status clcnn__launch(clcnn_ctx *ctx, const clcnn__launch_desc *desc)
{
    built_kernel *kernel = NULL;
    clcnn_status status = find(ctx, desc, &kernel);
    size_t global[3], local[3];
    if (status == CLCNN_SUCCESS)
        status = make_grid(ctx, desc, kernel, global, local);
    if (status != CLCNN_SUCCESS || ctx->warm_up)
        return status;
    if (!desc->global[0] && !desc->global[1] && !desc->global[2])
        return CLCNN_SUCCESS;

    cl_int code = set_arguments(desc, kernel->kernel);
    if (code != CL_SUCCESS)
        return CLCNN__CL_FAIL(&ctx->error, code, "clSetKernelArg");
    code = enqueue(ctx, desc, kernel, global, local);
    if (code != CL_SUCCESS)
        return clcnn__fail(&ctx->error, clcnn__cl_status(code), code, __FILE__, __LINE__,
                           "enqueueing %s with %zu x %zu x %zu work-items returned %s (%d)",
                           desc->kernel, global[0], global[1], global[2], clcnn__cl_name(code),
                           code);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__launch_rows(clcnn_ctx *ctx, const char *op, const char *algo,
                                clcnn__launch_desc *desc, const clcnn__rows *r)
{
    desc->row = clcnn__tune(ctx, op, algo, "any");
    int vec = clcnn__tune_value(desc->row, "MAX_VEC");
    int rows = clcnn__tune_value(desc->row, "MAX_ROWS");
    int columns = clcnn__tune_value(desc->row, "PIECE");
    while (vec > 4 && vec > r->inner)
        vec /= 2;
    /* Of a row, the columns that vectors are good for take one round each vector. */
    const int inner = r->inner < r->width ? r->inner : r->width;
    const int vectors = vec > 0 && inner >= vec ? inner - inner / vec : 0;
    const double rounds = (double)(r->width - vectors) * r->taps;
    while (rows > 1 && rows * rounds > CLCNN__MAX_ROUNDS)
        rows /= 2;
    if (columns == 0 && rounds > CLCNN__MAX_ROUNDS)
        columns = 1;
    const clcnn__macro macros[] = {{"VEC", vec}, {"ROWS", rows}, {"COLUMNS", columns}};
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        desc->macros[desc->macro_count++] = macros[i];
    const size_t parts = columns > 0 ? clcnn__div_up((size_t)r->width, columns) : 1;
    desc->global[0] = parts * clcnn__div_up(r->rows, rows);
    desc->local[0] = (size_t)clcnn__tune_value(desc->row, "LOCAL");
    return clcnn__launch(ctx, desc);
}

clcnn_status clcnn__programs_create(clcnn__programs **programs, clcnn_error *error)
{
    *programs = calloc(1, sizeof **programs);
    return *programs ? CLCNN_SUCCESS
                     : CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for programs");
}

void clcnn__programs_destroy(clcnn__programs *programs)
{
    for (built_program *p = programs ? programs->first : NULL, *next; p; p = next) {
        next = p->next;
        free_program(p);
    }
    free(programs);
}

size_t clcnn__programs_built(const clcnn__programs *programs)
{
    return programs->built;
}
