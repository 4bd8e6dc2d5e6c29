# shellcheck shell=sh
# Rounds of faults over real processes; part of deploy/dev. The tests run a small one, without this.

verb_chaos() {
  for word in "$@"; do
    case $word in
      --rounds | --seed | --from | --fault | --daemons | --events | --seconds | --faults | --alike) ;;
      --results | --log | --sum | --debug | --tell | --keep) ;;
      --*) die 64 "chaos: '$word' is not an option; 'deploy/dev help' lists them" ;;
    esac
  done
  need_swift
  need_packages
  build_release
  build_chaos
  status=0
  # shellcheck disable=SC2154 # deploy/dev sets them
  METERD_BIN_DIR=$release METERD_EVIDENCE=$root/.build/chaos-found \
    "$root/.build/chaos/release/meterd-chaos" "$@" || status=$?
  case $status in
    0) say "every table is as the recount has it ($(took))" ;;
    1) say "a round went wrong; what is known of it is in .build/chaos-found ($(took))" ;;
  esac
  return "$status"
}

# A folder of its own, so that debugging builds stay as they are.
build_chaos() {
  say 'building meterd-chaos; the first time takes minutes'
  for product in SteppedClock meterd-chaos; do
    swift_build -c release --scratch-path "$root/.build/chaos" --no-color-diagnostics --product "$product"
  done
}
