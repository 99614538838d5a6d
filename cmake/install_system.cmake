# Runs at install time: the configuration and the systemd unit, with the paths of the prefix that is installed to.
# A prefix of /usr keeps its configuration in /etc, any other its own (the rule of GNUInstallDirs). A configuration that
# is already there is the administrator's and stays.
set(sysconfdir "${CMAKE_INSTALL_PREFIX}/etc")
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(sysconfdir "/etc")
endif()

if(EXISTS "$ENV{DESTDIR}${sysconfdir}/weir/weir.yaml")
  message(STATUS "Kept: $ENV{DESTDIR}${sysconfdir}/weir/weir.yaml")
else()
  file(INSTALL "${WEIR_SOURCE_DIR}/config/weir.yaml" DESTINATION "${sysconfdir}/weir")
endif()

file(READ "${WEIR_SOURCE_DIR}/systemd/weir.service" unit)
string(REPLACE "/usr/bin/weir" "${CMAKE_INSTALL_PREFIX}/bin/weir" unit "${unit}")
string(REPLACE "/usr/share/doc" "${CMAKE_INSTALL_PREFIX}/share/doc" unit "${unit}")
string(REPLACE "/etc/weir" "${sysconfdir}/weir" unit "${unit}")
file(WRITE "${WEIR_BINARY_DIR}/systemd/weir.service" "${unit}")
file(INSTALL "${WEIR_BINARY_DIR}/systemd/weir.service" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
