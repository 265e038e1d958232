# Headers, the CMake package broach (broach::runtime, broach::runtime_static, broach::compiler) and the pkg-config files.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/broach)
install(DIRECTORY include/broach DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(EXPORT broach NAMESPACE broach:: FILE broach-targets.cmake DESTINATION ${package_folder})
configure_package_config_file(cmake/broach-config.cmake.in ${CMAKE_BINARY_DIR}/cmake/broach-config.cmake
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/broach-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/cmake/broach-config.cmake ${CMAKE_BINARY_DIR}/cmake/broach-config-version.cmake
        DESTINATION ${package_folder})

# The files say where they are relative to themselves, so that an installed tree may be moved.
file(RELATIVE_PATH prefix_from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
function(install_pkgconfig name)
  configure_file(cmake/${name}.pc.in ${CMAKE_BINARY_DIR}/cmake/${name}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/cmake/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
install_pkgconfig(broach-runtime)
if(TARGET broach)  # the compiler as a library
  install_pkgconfig(broach)
endif()
