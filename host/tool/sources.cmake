set(CLCNN_TOOL_SOURCES main.c options.c text.c results.c open.c table.c progress.c pgm.c devices.c train.c
                       eval.c predict.c summary.c replay.c)
