# Searching tuning rows, for `clcnn tune`.
set(CLCNN_TUNING_SOURCES classes.c cases.c row.c judge.c contest.c search.c choose.c report.c)
