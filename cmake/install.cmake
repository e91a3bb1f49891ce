# cmake --install: libraries, headers, the command, and what pkg-config and find_package need. The
# installed tree may be moved: every path in it is relative.
include(CMakePackageConfigHelpers)

set(clcnn_libraries clcnn)
set(clcnn_headers include/clcnn.h)
set(clcnn_modules clcnn)
if(CLCNN_NET)
  list(APPEND clcnn_libraries clcnn_net)
  list(APPEND clcnn_headers include/clcnn_net.h)
  list(APPEND clcnn_modules clcnn_net)
  set_target_properties(clcnn_net PROPERTIES INSTALL_RPATH "$ORIGIN")
endif()

install(TARGETS ${clcnn_libraries} EXPORT clcnnTargets)
install(FILES ${clcnn_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET clcnn_tool)
  set_target_properties(clcnn_tool PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  install(TARGETS clcnn_tool)
endif()

# ---- find_package(clcnn) --------------------------------------------------------------------------
set(clcnn_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/clcnn)
install(EXPORT clcnnTargets NAMESPACE clcnn:: DESTINATION ${clcnn_package_dir})
configure_package_config_file(cmake/clcnnConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/clcnnConfig.cmake
                              INSTALL_DESTINATION ${clcnn_package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/clcnnConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/clcnnConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/clcnnConfigVersion.cmake
        DESTINATION ${clcnn_package_dir})

# ---- pkg-config -----------------------------------------------------------------------------------
set(clcnn_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH CLCNN_PC_PREFIX /prefix/${clcnn_pc_dir} /prefix)
foreach(module ${clcnn_modules})
  configure_file(cmake/${module}.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${module}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${module}.pc DESTINATION ${clcnn_pc_dir})
endforeach()
