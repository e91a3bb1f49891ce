# Turns files into byte arrays in one C file, with CMake alone. The files stay what they are: plain
# OpenCL C, headers and tables. Their #include lines are resolved by host/launch.c.
set(CLCNN_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake)

# clcnn_embed(OUTPUT LIST FILE...): OUTPUT has a table `LIST` of clcnn__file
function(clcnn_embed output list)
  string(JOIN "|" joined ${ARGN})
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFILES=${joined} -DLIST=${list} -DOUTPUT=${output}
            -P ${CLCNN_EMBED_SCRIPT}
    DEPENDS ${ARGN} ${CLCNN_EMBED_SCRIPT} VERBATIM COMMENT "Embedding ${list}")
endfunction()

# Every file of kernels/
function(clcnn_embed_kernels output)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.cl
       ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.clh ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.h
       ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.tune)
  clcnn_embed(${output} clcnn__files ${files})
endfunction()
