# Measuring, for the command's `bench` and for the peers. probe.cl is embedded.
set(CLCNN_BENCH_SOURCES cases.c ops.c subject.c net.c start.c measure.c profile.c probe.c peers.c text.c plot.c)
