# shellcheck shell=sh
# The search for inputs that break a promise; part of deploy/dev. The tests go through what is kept of it, without this.

fuzz_targets='events headers json numbers times zstd catalog configuration '

verb_fuzz() {
  target=
  seconds=60
  while [ $# -gt 0 ]; do
    case $1 in
      --seconds)
        seconds=${2:-}
        shift
        ;;
      -*) die 64 "fuzz: '$1' is not an option; it takes a target and --seconds N" ;;
      *) target=$1 ;;
    esac
    [ $# -eq 0 ] || shift
  done
  case " $fuzz_targets" in
    *" ${target:-none} "*) ;;
    *) die 64 "fuzz: '$target' is not a target; name one of: $fuzz_targets" ;;
  esac
  case $seconds in
    '' | *[!0-9]* | 0*) die 64 "fuzz: --seconds takes a whole number from 1 on ('$seconds')" ;;
  esac
  need_swift
  need_packages
  build_fuzz
  run_fuzz
}

# A folder of its own: every object is built to report the paths it takes, and the other builds stay as they are.
build_fuzz() {
  say 'building meterd-fuzz; the first time takes minutes'
  METERD_FUZZ=1 swift build -c release --scratch-path "$root/.build/fuzz" --no-color-diagnostics \
    -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing --product meterd-fuzz </dev/null
}

# New inputs go to a folder in .build; only what a person copies to Tests/Fuzz/Corpus is kept.
run_fuzz() {
  # shellcheck disable=SC2154 # deploy/dev sets it
  found=$root/.build/fuzz-found/$target
  mkdir -p "$found/inputs" "$found/failures"
  say "searching $target for $seconds s"
  status=0
  SWIFT_BACKTRACE=enable=no "$root/.build/fuzz/release/meterd-fuzz" "$target" "$found/inputs" \
    "$root/Tests/Fuzz/Corpus/$target" -max_total_time="$seconds" -max_len=2048 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$found/failures/" -print_final_stats=1 -verbosity=0 </dev/null || status=$?
  if [ "$status" -eq 0 ]; then
    say "nothing was found ($(took))"
  else
    say "an input breaks a promise; it is kept in $found/failures ($(took))"
  fi
  return "$status"
}
