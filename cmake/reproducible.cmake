# Two builds of a commit are the same bytes wherever they are made, with a compiler cache or without: what the compiler writes
# down about a file is where it stands in the checkout, or in the folder of the build. tests/packaging/reproducible makes
# two and compares.
if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo)$")
  # ccache may name the checkout as it is seen from the folder of the build (its base_dir).
  cmake_path(RELATIVE_PATH CMAKE_SOURCE_DIR BASE_DIRECTORY ${CMAKE_BINARY_DIR} OUTPUT_VARIABLE weir_source_from_build)
  # Of several that match, the last one counts.
  target_compile_options(
    weir_options INTERFACE -ffile-prefix-map=${weir_source_from_build}/= -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
                           -ffile-prefix-map=${CMAKE_BINARY_DIR}=build -ffile-prefix-map=${CMAKE_BINARY_DIR}/=)
endif()
