/*
 * clcnn devices: every OpenCL platform and device that is there, with the limits and extras that
 * matter for clcnn. Platforms without a device are listed too: they explain why one is missing.
 */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

static const char *const command = "devices";

static const char *type_name(cl_device_type type)
{
    if (type & CL_DEVICE_TYPE_GPU)
        return "GPU";
    if (type & CL_DEVICE_TYPE_ACCELERATOR)
        return "accelerator";
    if (type & CL_DEVICE_TYPE_CPU)
        return "CPU";
    return "other";
}

static const char *yes_no(int flag)
{
    return flag ? "yes" : "no";
}

static void print_device(const clcnn_device_info *info, bool taken)
{
    char a[TOOL_TEXT_SIZE], b[TOOL_TEXT_SIZE], c[TOOL_TEXT_SIZE];
    static const int width = 15;
    printf("  %d:%d  %s%s\n", info->platform_index, info->device_index, info->name,
           taken ? "   <- the best, taken by default" : "");
    printf("       %-*s %s, by %s\n", width, "type", type_name(info->type), info->vendor);
    printf("       %-*s %s, %s, driver %s\n", width, "version", info->version, info->c_version,
           info->driver);
    printf("       %-*s %s, at most %s in one buffer\n", width, "memory",
           tool_bytes(a, info->global_memory), tool_bytes(b, info->max_allocation));
    printf("       %-*s %s\n", width, "local memory", tool_bytes(a, info->local_memory));
    printf("       %-*s %u at %s MHz, float vectors of %u\n", width, "compute units",
           (unsigned)info->compute_units, tool_grouped(a, info->clock_mhz),
           (unsigned)info->vector_width);
    printf("       %-*s at most %s work-items, %s x %s x %s\n", width, "work-group",
           tool_grouped(a, info->max_work_group), tool_grouped(b, info->max_work_items[0]),
           tool_grouped(c, info->max_work_items[1]),
           tool_grouped((char[TOOL_TEXT_SIZE]){0}, info->max_work_items[2]));
    printf("       %-*s fp64 %s, fp16 %s, fma %s\n", width, "extras", yes_no(info->fp64),
           yes_no(info->fp16), yes_no(info->fma));
}

/* The device that an empty selector takes; NULL if none can be opened. That the file which
 * CLCNN_TUNE names is wrong would keep every other command from opening it: a failure here, too. */
static int find_best(cl_device_id *best)
{
    clcnn_ctx *ctx;
    clcnn_error error = {0};
    *best = NULL;
    if (clcnn_ctx_open(&ctx, "", &error) != CLCNN_SUCCESS)
        return error.status == CLCNN_BAD_FILE ? tool_report(command, &error) : TOOL_OK;
    *best = clcnn_ctx_device(ctx);
    clcnn_ctx_destroy(ctx);
    return TOOL_OK;
}

static void print_table(const clcnn_device_info *infos, size_t count, cl_device_id best)
{
    int platform = -1;
    for (size_t i = 0; i < count; i++) {
        const clcnn_device_info *info = &infos[i];
        if (info->platform_index != platform) {
            platform = info->platform_index;
            /* Some drivers end their version with a space. */
            int length = (int)strlen(info->platform_version);
            while (length > 0 && info->platform_version[length - 1] == ' ')
                length--;
            printf("%splatform %d: %s (%.*s)\n", i > 0 ? "\n" : "", platform, info->platform_name,
                   length, info->platform_version);
        }
        if (info->device == NULL)
            printf("  no devices\n");
        else
            print_device(info, info->device == best);
    }
}

static json_t *device_json(const clcnn_device_info *info, bool taken)
{
    return json_pack(
        "{s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:i, s:i, s:I, s:[I,I,I], s:b, "
        "s:b, s:b}",
        "name", info->name, "best", (int)taken, "type", type_name(info->type), "vendor",
        info->vendor, "version", info->version, "c_version", info->c_version, "driver",
        info->driver, "global_memory", (json_int_t)info->global_memory, "max_allocation",
        (json_int_t)info->max_allocation, "local_memory", (json_int_t)info->local_memory,
        "compute_units", (int)info->compute_units, "clock_mhz", (int)info->clock_mhz,
        "vector_width", (int)info->vector_width, "max_work_group", (json_int_t)info->max_work_group,
        "max_work_items", (json_int_t)info->max_work_items[0], (json_int_t)info->max_work_items[1],
        (json_int_t)info->max_work_items[2], "fp64", info->fp64, "fp16", info->fp16, "fma",
        info->fma);
}

static int print_json(const clcnn_device_info *infos, size_t count, cl_device_id best)
{
    int code = TOOL_OK;
    for (size_t i = 0; i < count && code == TOOL_OK; i++) {
        const clcnn_device_info *info = &infos[i];
        json_t *device =
            info->device != NULL ? device_json(info, info->device == best) : json_null();
        code = tool_json_line(command,
                              json_pack("{s:i, s:s, s:s, s:i, s:o}", "platform_index",
                                        info->platform_index, "platform", info->platform_name,
                                        "platform_version", info->platform_version, "device_index",
                                        info->device_index, "device", device));
    }
    return code;
}

/* All entries, allocated; NULL after a message. */
static clcnn_device_info *list_devices(size_t *count)
{
    clcnn_error error = {0};
    clcnn_device_info *infos = NULL;
    if (clcnn_devices(NULL, 0, count, &error) != CLCNN_SUCCESS) {
        tool_report(command, &error);
        return NULL;
    }
    size_t room = *count;
    infos = calloc(room + 1, sizeof *infos);
    if (infos == NULL) {
        tool_fail(command, "no memory for a list of %zu devices", room);
        return NULL;
    }
    if (clcnn_devices(infos, room, count, &error) != CLCNN_SUCCESS) {
        tool_report(command, &error);
        free(infos);
        return NULL;
    }
    *count = *count < room ? *count : room;
    return infos;
}

static const tool_doc doc = {
    .name = "devices",
    .usage = "[OPTION...]",
    .about =
        "Lists every OpenCL platform and device. The numbers P:D and any part of a name select\n"
        "a device for --device of the other commands.\n",
    .details =
        "With --json: one object a line per device; 'device' is null for a platform that has\n"
        "none. Platforms come and go with OCL_ICD_VENDORS, devices with their drivers.\n",
    .examples = "  clcnn devices\n"
                "  clcnn train --device 0:0\n",
};

int cmd_devices(int argc, char **argv)
{
    bool json = false;
    tool_option options[] = {
        {"json", NULL, TOOL_FLAG, &json, 0, 0, "one JSON object a line", false},
        {.name = NULL},
    };
    int code = tool_parse_options(&doc, options, argc, argv);
    if (code >= 0)
        return code;
    size_t count = 0;
    clcnn_device_info *infos = list_devices(&count);
    if (infos == NULL)
        return TOOL_FAILED;
    cl_device_id best;
    code = find_best(&best);
    if (code == TOOL_OK && json)
        code = print_json(infos, count, best);
    else if (code == TOOL_OK)
        print_table(infos, count, best);
    free(infos);
    return code;
}
