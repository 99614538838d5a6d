# What the release is hardened with: dpkg-buildflags(1) with hardening=+all, and what Debian takes up after Debian 12,
# _FORTIFY_SOURCE=3 and control-flow protection. tests/packaging/hardening looks whether the programs have it.
#
# Debug builds go without, because _FORTIFY_SOURCE needs optimisation, and so do sanitizers, which look closer.
set(weir_hardening_default OFF)
if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo)$" AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  set(weir_hardening_default ON)
endif()
option(WEIR_HARDENING "Harden the programs, as Debian does" ${weir_hardening_default})

if(WEIR_HARDENING)
  target_compile_options(
    weir_options INTERFACE -fPIE -fstack-protector-strong -fstack-clash-protection -Wformat-security -U_FORTIFY_SOURCE
                           $<$<NOT:$<BOOL:$<TARGET_PROPERTY:WEIR_IS_TEST>>>:-D_FORTIFY_SOURCE=3>)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|i.86")
    target_compile_options(weir_options INTERFACE -fcf-protection)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
    target_compile_options(weir_options INTERFACE -mbranch-protection=standard)
  endif()
  target_link_options(weir_options INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
