# Two builds of a commit are the same bytes wherever they are made: what the compiler writes down about files says where
# they are in the checkout, and in the folder of the build. tests/packaging/reproducible makes two and compares.
if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo)$")
  # Of several that match, the last one counts.
  target_compile_options(weir_options INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
                                                -ffile-prefix-map=${CMAKE_BINARY_DIR}=build)
endif()
