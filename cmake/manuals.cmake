# The manuals and the completions of the shells, written by a program that knows the command lines and the configuration
# as the programs themselves do, into share/ of the build as they are installed.
add_executable(weir-manuals manuals/main.cpp)
# It is run and thrown away.
target_link_libraries(weir-manuals PRIVATE weir_manuals -Wl,--strip-debug)

set(weir_share ${CMAKE_BINARY_DIR}/share)
set(weir_manuals
    ${weir_share}/man/man1/weir-load.1
    ${weir_share}/man/man5/weir.yaml.5
    ${weir_share}/man/man8/weir.8)
set(weir_completions
    ${weir_share}/bash-completion/completions/weir
    ${weir_share}/bash-completion/completions/weir-load
    ${weir_share}/zsh/vendor-completions/_weir
    ${weir_share}/zsh/vendor-completions/_weir-load
    ${weir_share}/fish/vendor_completions.d/weir.fish
    ${weir_share}/fish/vendor_completions.d/weir-load.fish)
add_custom_command(
  OUTPUT ${weir_manuals} ${weir_completions}
  COMMAND weir-manuals ${CMAKE_SOURCE_DIR} ${weir_share}
  DEPENDS weir-manuals config/reference.yaml manuals/weir.8.in manuals/weir-load.1.in manuals/weir.yaml.5.in
  COMMENT "Writing the manuals and the completions"
  VERBATIM)
add_custom_target(weir_manual_files ALL DEPENDS ${weir_manuals} ${weir_completions})

install(DIRECTORY ${weir_share}/man DESTINATION ${CMAKE_INSTALL_DATADIR})
install(DIRECTORY ${weir_share}/bash-completion ${weir_share}/zsh ${weir_share}/fish
        DESTINATION ${CMAKE_INSTALL_DATADIR})
