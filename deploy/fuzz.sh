# shellcheck shell=sh
# The search for inputs that break a promise; part of deploy/dev. The tests go through what is kept of it, without this.

fuzz_targets='events headers shapes json numbers times zstd catalog configuration '

verb_fuzz() {
  target=
  seconds=60
  work=search
  while [ $# -gt 0 ]; do
    case $1 in
      --seconds)
        seconds=${2:-}
        shift
        ;;
      --merge) work=merge ;;
      -*) die 64 "fuzz: '$1' is not an option; it takes a target, and --seconds N or --merge" ;;
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
  found=$root/.build/fuzz-found/$target
  mkdir -p "$found/inputs" "$found/failures"
  "${work}_inputs"
}

# A folder of its own: every object is built to report the paths it takes, and the other builds stay as they are.
build_fuzz() {
  say 'building meterd-fuzz; the first time takes minutes'
  METERD_FUZZ=1 swift build -c release --scratch-path "$root/.build/fuzz" --no-color-diagnostics \
    -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing --product meterd-fuzz </dev/null
}

# meterd_fuzz ARGUMENTS: the program with the bounds that hold for every run.
meterd_fuzz() {
  SWIFT_BACKTRACE=enable=no "$root/.build/fuzz/release/meterd-fuzz" "$target" "$@" -max_len=2048 -timeout=10 \
    -rss_limit_mb=2048 -artifact_prefix="$found/failures/" -verbosity=0 </dev/null
}

# New inputs go to a folder in .build; only what a person copies to Tests/Fuzz/Corpus is kept.
search_inputs() {
  say "searching $target for $seconds s"
  status=0
  meterd_fuzz "$found/inputs" "$root/Tests/Fuzz/Corpus/$target" -max_total_time="$seconds" -print_final_stats=1 ||
    status=$?
  if [ "$status" -eq 0 ]; then
    say "nothing was found ($(took))"
  else
    say "an input breaks a promise; it is kept in $found/failures ($(took))"
  fi
  return "$status"
}

# What was found gives way to the fewest inputs that take the same paths, those of the kept corpus first; an input that
# ends the program is passed over and stays in failures.
merge_inputs() {
  rm -rf "$found/fewest"
  mkdir -p "$found/fewest"
  before=$(find "$found/inputs" "$root/Tests/Fuzz/Corpus/$target" -type f | wc -l)
  say "seeking the fewest of $before inputs of $target"
  meterd_fuzz -merge=1 "$found/fewest" "$root/Tests/Fuzz/Corpus/$target" "$found/inputs" || return
  rm -rf "$found/inputs"
  mv "$found/fewest" "$found/inputs"
  say "$(find "$found/inputs" -type f | wc -l) of $before inputs take every path; they are in $found/inputs ($(took))"
}
