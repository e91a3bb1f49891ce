# The command: main finds the sub-command, each of which is one file; the others serve them.
set(CLCNN_TOOL_SOURCES
    main.c train.c eval.c predict.c summary.c gradcheck.c import.c devices.c replay.c bench.c bench_report.c bench_start.c tune.c
    options.c open.c results.c table.c text.c progress.c interrupt.c pgm.c)
