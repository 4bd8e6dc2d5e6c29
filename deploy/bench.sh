# shellcheck shell=sh
# Measuring; part of deploy/dev. Numbers are told of an idle machine, never of one that builds.

verb_bench() {
  what=
  size=
  while [ $# -gt 0 ]; do
    case $1 in
      --full) size=$1 ;;
      -*) die 64 "bench: '$1' is not an option; it takes 'core' and --full" ;;
      *) what=$1 ;;
    esac
    shift
  done
  [ "$what" = core ] || die 64 "bench: '$what' cannot be measured; say core"
  need_swift
  need_packages
  need_duckdb
  build_bench
  # shellcheck disable=SC2086 # perhaps no word
  Benchmarks/run.sh "$bench_scratch/release/meterd-bench" $size
  say "measured ($(took))"
}

# Counting retains needs Swift's runtime beside the program, so this build is apart from that of the programs as they are shipped.
bench_scratch=$root/.build/bench

build_bench() {
  say 'building meterd-bench for release; the first time takes a minute'
  swift_build -c release --scratch-path "$bench_scratch" --no-color-diagnostics --product meterd-bench
}

need_duckdb() {
  need_wheel duckdb duckdb ||
    die 69 "bench: duckdb could not be installed into .build/venv (no network?); .build/setup.log says why"
}
