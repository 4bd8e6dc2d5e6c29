# shellcheck shell=sh
# Measuring; part of deploy/dev. Numbers are told of an idle machine, never of one that builds.

verb_bench() {
  what=
  size=
  while [ $# -gt 0 ]; do
    case $1 in
      --full) size=$1 ;;
      -*) die 64 "bench: '$1' is not an option; it takes core, e2e or recovery, and --full" ;;
      *) what=$1 ;;
    esac
    shift
  done
  case $what in
    core | e2e | recovery) ;;
    *) die 64 "bench: '$what' cannot be measured; say core, e2e or recovery" ;;
  esac
  need_swift
  need_packages
  "bench_$what"
  say "measured ($(took))"
}

bench_core() {
  need_duckdb
  build_bench
  # shellcheck disable=SC2086 # perhaps no word
  Benchmarks/run.sh "$bench_scratch/release/meterd-bench" $size
}

# From Kafka to PostgreSQL, beside a consumer that does nothing and a daemon that only counts.
bench_e2e() {
  build_release
  build_end_bench
  build_only_counts
  if [ "$size" ]; then
    set -- --events 1000000 --partitions 32 --runs 5 --limited 1000
  else
    set -- --events 50000 --partitions 8 --runs 3 --limited 200
  fi
  # shellcheck disable=SC2154 # deploy/dev sets it
  METERD_BIN_DIR=$release METERD_ONLY_COUNTS=$only_counts/release/meterd \
    "$end_scratch/release/meterd-end-bench" e2e "$@"
}

# From a kill to counting again.
bench_recovery() {
  build_release
  build_end_bench
  if [ "$size" ]; then
    set -- --identities 5000000 --series 200000
  else
    set -- --identities 100000 --series 10000 --partitions 8 --rate 10000 --tenants 2000
  fi
  METERD_BIN_DIR=$release "$end_scratch/release/meterd-end-bench" recovery "$@"
}

# Counting retains needs Swift's runtime beside the program, so this build is apart from that of the programs as they are shipped.
bench_scratch=$root/.build/bench

build_bench() {
  say 'building meterd-bench for release; the first time takes a minute'
  swift_build -c release --scratch-path "$bench_scratch" --no-color-diagnostics --product meterd-bench
}

end_scratch=$bench_scratch

build_end_bench() {
  say 'building meterd-end-bench and idle-consumer; the first time takes a minute'
  for product in meterd-end-bench idle-consumer; do
    swift_build -c release --scratch-path "$end_scratch" --no-color-diagnostics --product "$product"
  done
}

# The same sources without what makes counting exact: the memory of identities, and the guard of the cursor. The product has no switch
# for that, so the patch is laid over a copy; where it does not fit any more, this fails.
only_counts=$root/.build/only-counts

build_only_counts() {
  say 'building a meterd that only counts; the first time takes minutes'
  copy=$only_counts.sources
  rm -rf "$copy"
  mkdir -p "$copy"
  cp -R Package.swift Sources Tests Benchmarks "$copy"
  patch -s -d "$copy" -p1 <Benchmarks/only-counts.patch || die 70 'bench: Benchmarks/only-counts.patch does not fit the sources'
  swift_build -c release --static-swift-stdlib --package-path "$copy" --scratch-path "$only_counts" \
    --no-color-diagnostics --product meterd
}

need_duckdb() {
  need_wheel duckdb duckdb ||
    die 69 "bench: duckdb could not be installed into .build/venv (no network?); .build/setup.log says why"
}
