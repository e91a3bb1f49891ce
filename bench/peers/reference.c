/* The peer `reference`: clcnn's CPU reference, plain loops in double that nobody made fast. */
#include "peer.h"

int main(void)
{
    char version[64];
    snprintf(version, sizeof version, "clcnn %s", clcnn_version());
    return peer_serve(&(peer){.name = "reference",
                              .version = version,
                              .device = peer_cpu(1),
                              .create = bench_reference_create});
}
