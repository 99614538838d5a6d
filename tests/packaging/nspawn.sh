# shellcheck shell=bash
# shellcheck disable=SC2034 # container_problem is for those who source this
# Sourced by the tests that need a real systemd: a bare Debian 12 in a container of systemd-nspawn with a network of its own.
# Its files are made once a week, in build/systemd-root, and stay as they are: what a test changes is gone with the container.

readonly container_root=$PWD/build/systemd-root
container=           # the pid of its init out here, once it is up
container_nspawn=    # the pid of systemd-nspawn
container_problem=   # why there is none

# Makes the files of the container unless they are there and of this week. It takes a minute.
container_make_root() {
  local tool
  for tool in systemd-nspawn debootstrap nsenter pgrep; do
    command -v "$tool" >/dev/null || {
      container_problem="there is no $tool"
      return 1
    }
  done
  ((EUID == 0)) || {
    container_problem="needs root"
    return 1
  }
  [[ -z $(find "$container_root/var/lib/dpkg/status" -newermt '7 days ago' 2>/dev/null) ]] || return 0

  local log=$container_root.log
  rm -rf "$container_root.part"
  mkdir -p "$(dirname "$container_root")"
  if ! debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,procps bookworm "$container_root.part" \
    >"$log" 2>&1 || ! chroot "$container_root.part" apt-get -qq update >>"$log" 2>&1; then
    container_problem="no Debian 12 could be made: $(tail -n 1 "$log")"
    return 1
  fi
  rm -rf "$container_root"
  mv "$container_root.part" "$container_root"
}

# container_boot FOLDER: starts it and waits until systemd is up. What its console says is in FOLDER/console.
container_boot() {
  systemd-nspawn -q --boot -D "$container_root" --machine="weir-test-$$" --private-network --volatile=overlay \
    --register=no --keep-unit --console=pipe </dev/null >"$1/console" 2>&1 &
  container_nspawn=$!
  for _ in {1..300}; do
    container=$(pgrep --parent "$container_nspawn" || true)
    [[ -n $container ]] && inside systemctl is-system-running 2>/dev/null | grep --quiet -E 'running|degraded' && return 0
    container=
    kill -0 "$container_nspawn" 2>/dev/null || break
    sleep 0.1
  done
  container_problem="systemd-nspawn does not work here: $(tail -n 1 "$1/console")"
  return 1
}

# Ends it, if there is one.
container_end() {
  [[ -n $container_nspawn ]] || return 0
  kill "$container_nspawn" 2>/dev/null || true
  for _ in {1..100}; do
    kill -0 "$container_nspawn" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL "$container_nspawn" 2>/dev/null || true
}

# Runs a command in the container.
inside() { nsenter -t "$container" -m -u -i -n -p -- "$@"; }

# A file in the container, from stdin.
# shellcheck disable=SC2016 # the inner shell expands it
put() { inside sh -c 'mkdir -p "$(dirname "$1")" && cat >"$1"' sh "$1"; }

# A property of a unit: property NAME [UNIT]
property() { inside systemctl show --value --property "$1" "${2:-weir.service}"; }
