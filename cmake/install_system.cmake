# Runs at install time: the configuration, the systemd unit and the rotation of its logs, with the paths of the prefix
# that is installed to.
# A prefix of /usr keeps its configuration in /etc, any other its own (the rule of GNUInstallDirs). A configuration that
# is already there is the administrator's and stays.
set(sysconfdir "${CMAKE_INSTALL_PREFIX}/etc")
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(sysconfdir "/etc")
endif()

if(EXISTS "$ENV{DESTDIR}${sysconfdir}/weir/weir.yaml")
  message(STATUS "Kept: $ENV{DESTDIR}${sysconfdir}/weir/weir.yaml")
else()
  # What is installed is for the service, whose unit makes the folder of the log.
  file(READ "${WEIR_SOURCE_DIR}/config/weir.yaml" config)
  string(REPLACE "\n#access_log:" "\naccess_log:" config "${config}")
  file(WRITE "${WEIR_BINARY_DIR}/config/weir.yaml" "${config}")
  file(INSTALL "${WEIR_BINARY_DIR}/config/weir.yaml" DESTINATION "${sysconfdir}/weir")
endif()

if(NOT EXISTS "$ENV{DESTDIR}${sysconfdir}/logrotate.d/weir")
  file(INSTALL "${WEIR_SOURCE_DIR}/systemd/weir.logrotate" DESTINATION "${sysconfdir}/logrotate.d" RENAME weir)
endif()

file(READ "${WEIR_SOURCE_DIR}/systemd/weir.service" unit)
string(REPLACE "/usr/bin/weir" "${CMAKE_INSTALL_PREFIX}/bin/weir" unit "${unit}")
string(REPLACE "/usr/share/doc" "${CMAKE_INSTALL_PREFIX}/share/doc" unit "${unit}")
string(REPLACE "/etc/weir" "${sysconfdir}/weir" unit "${unit}")
file(WRITE "${WEIR_BINARY_DIR}/systemd/weir.service" "${unit}")
file(INSTALL "${WEIR_BINARY_DIR}/systemd/weir.service" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")

# Nobody enables them but the administrator, whose it is what systemd listens on: `systemctl edit` changes that, and for
# other names the examples are there to be copied.
file(INSTALL "${WEIR_SOURCE_DIR}/systemd/weir.socket" "${WEIR_SOURCE_DIR}/systemd/weir-admin.socket"
     DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/system")
file(INSTALL "${WEIR_SOURCE_DIR}/systemd/weir.socket" "${WEIR_SOURCE_DIR}/systemd/weir-admin.socket"
             "${WEIR_SOURCE_DIR}/systemd/weir-sockets.conf" DESTINATION "${CMAKE_INSTALL_PREFIX}/share/doc/weir/systemd")
