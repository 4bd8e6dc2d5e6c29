# shellcheck shell=sh
# The search for a seed that breaks a law of the simulated world; part of deploy/dev. The tests run a few seeds, without this.

verb_sim() {
  for word in "$@"; do
    case $word in
      --seed | --seeds | --events | --tell | --plant) ;;
      '' | *[!0-9]* | 0*) die 64 "sim: '$word' is not an option; it takes --seed N, --seeds K, --events M, --tell and --plant" ;;
    esac
  done
  need_swift
  need_packages
  build_sim
  status=0
  # shellcheck disable=SC2154 # deploy/dev sets it
  "$root/.build/sim/release/meterd-sim" "$@" || status=$?
  case $status in
    0) say "no law was broken ($(took))" ;;
    1) say "a law was broken; keep the seed in Tests/MeterSimulation/KeptSeed.swift ($(took))" ;;
  esac
  return "$status"
}

# A folder of its own, so that debugging builds stay as they are.
build_sim() {
  say 'building meterd-sim; the first time takes minutes'
  swift_build -c release --scratch-path "$root/.build/sim" --no-color-diagnostics --product meterd-sim
}
