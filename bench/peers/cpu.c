/* The peer `cpu`: clcnn's own kernels on a CPU device, for who wants to know what a GPU is worth.
 */
#include "peer.h"

int main(void)
{
    clcnn_ctx *ctx;
    clcnn_error error = {0};
    if (clcnn_ctx_open(&ctx, "cpu", &error) != CLCNN_SUCCESS)
        return peer_missing("cpu", error.message);
    const clcnn_device_info *info = clcnn_ctx_device_info(ctx);
    char version[64];
    snprintf(version, sizeof version, "clcnn %s", clcnn_version());
    const int code = peer_serve(&(peer){.name = "cpu",
                                        .version = version,
                                        .device = info->name,
                                        .ctx = ctx,
                                        .create = bench_subject_create});
    clcnn_ctx_destroy(ctx);
    return code;
}
