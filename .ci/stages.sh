# shellcheck shell=bash
# Sourced by .ci/run and .ci/nightly. A stage is a function stage_NAME.

# Runs clang-tidy over sources, but not over tests, which the compiler's warnings and the sanitizers check: `lint all …`, or
# `lint recent …` for those that the last forty commits changed. Further arguments go to it.
lint() {
  local sources="^$PWD/(server|client|common|manuals|bench)/.*\.cpp$"
  if [[ $1 == recent ]]; then
    sources=$(git log -40 --name-only --format= -- server client common manuals bench | grep '\.cpp$' | sort --unique |
      sed -E 's/[.+]/\\&/g' | paste --serial --delimiters='|')
    [[ -n $sources ]] || return 0
    sources="^$PWD/($sources)$"
  fi
  shift
  # It needs each source's own compile command, and nothing that is built. The commands are g++'s, which clang understands;
  # its own warnings, some of them about libstdc++ 12, count in no build, so -Werror must not make errors of them here.
  scripts/setup test
  cmake --preset release -B build/lint -DWEIR_UNITY=OFF -DWEIR_TESTS=OFF -DWEIR_BENCH=ON >/dev/null
  run-clang-tidy-19 -quiet -p build/lint -j "$(nproc)" -extra-arg=-Wno-error "$@" "$sources" \
    >build/lint.log 2>&1 || {
    grep -vE '^(\[|[0-9]+ warnings|clang-tidy|Running|Suppressed|Use -header-filter)' build/lint.log
    return 1
  }
}

# Runs the unit tests of a build in a process for each core: one for each test takes twice as long under sanitizers.
unit_tests_in_shards() {
  local folder=build/$1 shards shard status=0 pids=()
  shards=$(nproc)
  for ((shard = 0; shard < shards; ++shard)); do
    GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard timeout 10m "$folder/bin/weir-unit-tests" --gtest_brief=1 \
      >"$folder/unit-$shard.log" 2>&1 &
    pids+=($!)
  done
  for ((shard = 0; shard < shards; ++shard)); do
    wait "${pids[shard]}" || {
      status=1
      cat "$folder/unit-$shard.log"
    }
  done
  ((status == 0)) || return 1
  ctest --test-dir "$folder" --output-on-failure --no-tests=error -L unit-apart --parallel 2
}

# Runs one stage and prints its time; the first that fails ends the run. A stage gets no input.
run_stage() {
  local name=$1 began=$SECONDS status=0
  printf '\n=== %s\n' "$name"
  # In a condition bash would switch errexit off inside the stage, so it runs in a subshell.
  set +e
  (
    set -e
    "stage_$name"
  ) </dev/null
  status=$?
  set -e
  if ((status != 0)); then
    printf '=== %s FAILED (status %d) after %d s\n' "$name" "$status" $((SECONDS - began))
    exit 1
  fi
  printf '=== %s passed in %d s\n' "$name" $((SECONDS - began))
}

# Runs the named stages in that order.
run_stages() {
  local stage
  for stage in "$@"; do
    declare -F "stage_$stage" >/dev/null || {
      printf 'no stage %s; there are: %s\n' "$stage" "$(compgen -A function stage_ | tr '\n' ' ')" >&2
      exit 2
    }
    run_stage "$stage"
  done
  printf '\n=== all passed in %d s\n' "$SECONDS"
}
