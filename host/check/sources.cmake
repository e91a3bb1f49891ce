# What host/check needs besides one file per operation (OP.c).
set(CLCNN_CHECK_SOURCES check.c buffer.c case.c describe.c attributes.c golden.c
    common.c optimiser.c weights.c)
