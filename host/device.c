/* Finding devices: the list of all platforms, and the selector that picks from it. */
#include "internal.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Either of the two query functions, for one object. */
typedef struct object {
    cl_platform_id platform;
    cl_device_id device; /* NULL: the platform is asked */
} object;

static cl_int get_info(object from, cl_uint what, size_t size, void *value, size_t *need)
{
    return from.device ? clGetDeviceInfo(from.device, what, size, value, need)
                       : clGetPlatformInfo(from.platform, what, size, value, need);
}

/* A text longer than its place is an error for OpenCL, so it is fetched whole and then cut. */
static void get_text(object from, cl_uint what, char *text, size_t size)
{
    size_t need = 0;
    text[0] = '\0';
    if (get_info(from, what, 0, NULL, &need) != CL_SUCCESS || need == 0)
        return;
    char *whole = calloc(1, need + 1);
    if (whole && get_info(from, what, need, whole, NULL) == CL_SUCCESS)
        snprintf(text, size, "%s", whole);
    free(whole);
}

static uint64_t device_number(cl_device_id device, cl_device_info what)
{
    cl_ulong value = 0; /* wide enough for every number asked for here; little-endian or exact */
    size_t size = 0;
    union {
        cl_uint u32;
        cl_ulong u64;
    } any = {.u64 = 0};
    if (clGetDeviceInfo(device, what, sizeof any, &any, &size) == CL_SUCCESS)
        value = size == sizeof(cl_uint) ? any.u32 : any.u64;
    return value;
}

clcnn_status clcnn__device_query(cl_platform_id platform, cl_device_id device,
                                 clcnn_device_info *info, clcnn_error *error)
{
    *info = (clcnn_device_info){.platform = platform, .device = device};
    info->platform_index = info->device_index = -1;
    get_text((object){platform, NULL}, CL_PLATFORM_NAME, info->platform_name,
             sizeof info->platform_name);
    get_text((object){platform, NULL}, CL_PLATFORM_VERSION, info->platform_version,
             sizeof info->platform_version);
    if (!device)
        return CLCNN_SUCCESS;

    cl_int code = clGetDeviceInfo(device, CL_DEVICE_TYPE, sizeof info->type, &info->type, NULL);
    if (code != CL_SUCCESS)
        return CLCNN__CL_FAIL(error, code, "clGetDeviceInfo(CL_DEVICE_TYPE)");
    get_text((object){platform, device}, CL_DEVICE_NAME, info->name, sizeof info->name);
    get_text((object){platform, device}, CL_DEVICE_VENDOR, info->vendor, sizeof info->vendor);
    get_text((object){platform, device}, CL_DEVICE_VERSION, info->version, sizeof info->version);
    get_text((object){platform, device}, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    get_text((object){platform, device}, CL_DEVICE_OPENCL_C_VERSION, info->c_version,
             sizeof info->c_version);
    info->global_memory = device_number(device, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->max_allocation = device_number(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    info->local_memory = device_number(device, CL_DEVICE_LOCAL_MEM_SIZE);
    info->compute_units = (uint32_t)device_number(device, CL_DEVICE_MAX_COMPUTE_UNITS);
    info->clock_mhz = (uint32_t)device_number(device, CL_DEVICE_MAX_CLOCK_FREQUENCY);
    info->vector_width = (uint32_t)device_number(device, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
    info->max_work_group = (size_t)device_number(device, CL_DEVICE_MAX_WORK_GROUP_SIZE);

    size_t items[16] = {0};
    if (clGetDeviceInfo(device, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof items, items, NULL) ==
        CL_SUCCESS)
        memcpy(info->max_work_items, items, sizeof info->max_work_items);
    info->fp64 = device_number(device, CL_DEVICE_DOUBLE_FP_CONFIG) != 0;
    info->fma = (device_number(device, CL_DEVICE_SINGLE_FP_CONFIG) & CL_FP_FMA) != 0;

    size_t need = 0;
    char *extensions = NULL;
    if (clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, 0, NULL, &need) == CL_SUCCESS)
        extensions = calloc(1, need + 1);
    if (extensions &&
        clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, need, extensions, NULL) == CL_SUCCESS)
        info->fp16 = strstr(extensions, "cl_khr_fp16") != NULL;
    free(extensions);
    return CLCNN_SUCCESS;
}

/* What the loader would have looked at: OCL_ICD_VENDORS, and the vendor files on this machine. */
static void append_vendors(char *text, size_t size)
{
    const char *vendors = getenv("OCL_ICD_VENDORS");
    const char *folder = vendors && vendors[0] ? vendors : "/etc/OpenCL/vendors";
    size_t used = strlen(text);
    snprintf(text + used, size - used,
             "; OCL_ICD_VENDORS is %s%s; vendor files:", vendors ? "" : "not set",
             vendors ? vendors : "");
    int found = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        dir = opendir("/etc/OpenCL/vendors");
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".icd") != 0)
            continue;
        used = strlen(text);
        snprintf(text + used, size - used, "%s %s", found++ ? "," : "", entry->d_name);
    }
    if (dir)
        closedir(dir);
    used = strlen(text);
    if (!found)
        snprintf(text + used, size - used, " none (a driver such as pocl-opencl-icd is missing)");
}

static clcnn_status no_platform(clcnn_error *error, cl_int code)
{
    char vendors[600] = "";
    append_vendors(vendors, sizeof vendors);
    return clcnn__fail(error, CLCNN_NO_DEVICE, code, __FILE__, __LINE__,
                       "no OpenCL platform was found%s", vendors);
}

/* Appends one entry per device of a platform, or one without a device. */
static clcnn_status list_platform(cl_platform_id platform, int index, clcnn_device_info *infos,
                                  size_t capacity, size_t *count, clcnn_error *error)
{
    cl_uint devices = 0;
    cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &devices);
    if (code != CL_SUCCESS)
        devices = 0; /* CL_DEVICE_NOT_FOUND and what broken drivers say instead */
    cl_device_id *ids = calloc(devices ? devices : 1, sizeof *ids);
    if (!ids)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for %u device ids", devices);
    if (devices && clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, devices, ids, NULL) != CL_SUCCESS)
        devices = 0;

    for (cl_uint i = 0; i < (devices ? devices : 1); i++, ++*count) {
        if (*count >= capacity)
            continue;
        clcnn_device_info *info = &infos[*count];
        if (clcnn__device_query(platform, devices ? ids[i] : NULL, info, NULL) != CLCNN_SUCCESS)
            info->device = NULL; /* it says nothing about itself: as good as not there */
        info->platform_index = index;
        info->device_index = info->device ? (int)i : -1;
    }
    free(ids);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_devices(clcnn_device_info *infos, size_t capacity, size_t *count,
                           clcnn_error *error)
{
    if (!count)
        return CLCNN__INVALID(error, "clcnn_devices: count is NULL");
    if (!infos && capacity)
        return CLCNN__INVALID(error, "clcnn_devices: infos is NULL but capacity is %zu", capacity);
    *count = 0;
    cl_uint platforms = 0;
    cl_int code = clGetPlatformIDs(0, NULL, &platforms);
    if (code != CL_SUCCESS || platforms == 0)
        return no_platform(error, code);
    cl_platform_id *ids = calloc(platforms, sizeof *ids);
    if (!ids)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for %u platform ids",
                           platforms);
    code = clGetPlatformIDs(platforms, ids, NULL);
    clcnn_status status =
        code == CL_SUCCESS ? CLCNN_SUCCESS : CLCNN__CL_FAIL(error, code, "clGetPlatformIDs");
    for (cl_uint i = 0; i < platforms && status == CLCNN_SUCCESS; i++)
        status = list_platform(ids[i], (int)i, infos, capacity, count, error);
    free(ids);
    return status;
}

static bool contains(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (; *text; text++) {
        size_t i = 0;
        while (i < length && text[i] &&
               tolower((unsigned char)text[i]) == tolower((unsigned char)word[i]))
            i++;
        if (i == length)
            return true;
    }
    return false;
}

/* What kind of selector this is, worked out once. */
typedef struct wanted {
    cl_device_type type;  /* 0: any */
    int platform, device; /* -1: any */
    const char *word;     /* NULL: any */
} wanted;

static wanted parse_selector(const char *selector)
{
    static const struct {
        const char *name;
        cl_device_type type;
    } types[] = {{"gpu", CL_DEVICE_TYPE_GPU},
                 {"cpu", CL_DEVICE_TYPE_CPU},
                 {"accelerator", CL_DEVICE_TYPE_ACCELERATOR}};
    wanted want = {.platform = -1, .device = -1};
    if (!selector || !selector[0])
        return want;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(selector, types[i].name) == 0) {
            want.type = types[i].type;
            return want;
        }
    int platform, device, end = 0;
    if (sscanf(selector, "%4d:%4d%n", &platform, &device, &end) == 2 && selector[end] == '\0' &&
        isdigit((unsigned char)selector[0]) && device >= 0) {
        want.platform = platform;
        want.device = device;
    } else {
        want.word = selector;
    }
    return want;
}

static bool matches(const wanted *want, const clcnn_device_info *info)
{
    if (!info->device || (want->type && !(info->type & want->type)))
        return false;
    if (want->platform >= 0)
        return info->platform_index == want->platform && info->device_index == want->device;
    return !want->word || contains(info->platform_name, want->word) ||
           contains(info->platform_version, want->word) || contains(info->name, want->word) ||
           contains(info->vendor, want->word) || contains(info->version, want->word);
}

/* GPUs before accelerators before the rest; within a class by compute units times clock. */
static bool better(const clcnn_device_info *a, const clcnn_device_info *b)
{
    int rank[2];
    const clcnn_device_info *both[2] = {a, b};
    for (int i = 0; i < 2; i++)
        rank[i] = both[i]->type & CL_DEVICE_TYPE_GPU           ? 2
                  : both[i]->type & CL_DEVICE_TYPE_ACCELERATOR ? 1
                                                               : 0;
    if (rank[0] != rank[1])
        return rank[0] > rank[1];
    return (uint64_t)a->compute_units * a->clock_mhz > (uint64_t)b->compute_units * b->clock_mhz;
}

static clcnn_status none_matches(const char *selector, const clcnn_device_info *infos, size_t count,
                                 clcnn_error *error)
{
    char seen[600] = "";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(seen);
        snprintf(seen + used, sizeof seen - used, "%s %s (%s)", i ? "," : "",
                 infos[i].platform_name, infos[i].device ? infos[i].name : "no devices");
    }
    char vendors[300] = "";
    append_vendors(vendors, sizeof vendors);
    return CLCNN__FAIL(error, CLCNN_NO_DEVICE,
                       "no OpenCL device matches \"%.80s\"; platforms seen:%s%s",
                       selector ? selector : "", seen, vendors);
}

clcnn_status clcnn__device_select(const char *selector, clcnn_device_info *info, clcnn_error *error)
{
    size_t count = 0;
    clcnn_status status = clcnn_devices(NULL, 0, &count, error);
    if (status != CLCNN_SUCCESS)
        return status;
    clcnn_device_info *infos = calloc(count ? count : 1, sizeof *infos);
    if (!infos)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory to list %zu devices", count);
    size_t listed = 0;
    status = clcnn_devices(infos, count, &listed, error);
    if (listed < count)
        count = listed;

    wanted want = parse_selector(selector);
    const clcnn_device_info *best = NULL;
    for (size_t i = 0; i < count && status == CLCNN_SUCCESS; i++)
        if (matches(&want, &infos[i]) && (!best || better(&infos[i], best)))
            best = &infos[i];
    if (status == CLCNN_SUCCESS) {
        if (best)
            *info = *best;
        else
            status = none_matches(selector, infos, count, error);
    }
    free(infos);
    return status;
}

static bool counts_rounds(const clcnn_ctx *ctx)
{
    return strstr(ctx->info.name, "llvmpipe") != NULL;
}

double clcnn__most_rounds(const clcnn_ctx *ctx)
{
    return counts_rounds(ctx) ? CLCNN__MOST_ROUNDS : 256.0 * CLCNN__MOST_ROUNDS;
}

bool clcnn__leaves_loops(const clcnn_ctx *ctx, double rounds)
{
    return counts_rounds(ctx) && rounds > CLCNN__MOST_ROUNDS;
}

clcnn_status clcnn__check_rounds(clcnn_ctx *ctx, const char *call, const char *what, double count,
                                 double each)
{
    if (!clcnn__leaves_loops(ctx, count * each))
        return CLCNN_SUCCESS;
    return CLCNN__FAIL(&ctx->error, CLCNN_UNSUPPORTED,
                       "%s: %.0f %s are more than a work-item of %s can go through, which leaves "
                       "its loops without a word; the most here are %.0f",
                       call, count, what, ctx->info.name, floor(CLCNN__MOST_ROUNDS / each));
}
