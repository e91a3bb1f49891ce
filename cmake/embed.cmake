# Turns every file of kernels/ into a byte array in one C file, with CMake alone. The files stay what
# they are: plain OpenCL C, headers and tables. Their #include lines are resolved by host/launch.c.
set(CLCNN_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake)

function(clcnn_embed_kernels output)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.cl
       ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.clh ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.h
       ${CMAKE_CURRENT_SOURCE_DIR}/kernels/*.tune)
  string(JOIN "|" joined ${files})
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DFILES=${joined} -DOUTPUT=${output} -P ${CLCNN_EMBED_SCRIPT}
    DEPENDS ${files} ${CLCNN_EMBED_SCRIPT} VERBATIM COMMENT "Embedding kernels")
endfunction()
