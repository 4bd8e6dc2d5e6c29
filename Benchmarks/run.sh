#!/bin/sh
# Counts one file of events with meterd's core and with DuckDB, each on one processor, and sets them side by side:
#
#   Benchmarks/run.sh [EVENTS [DUPLICATES-PERCENT]]
#
# Wants `swift`, and a python3 that has duckdb; METERD_PYTHON names another one. Ends with 1 when the two do not agree
# on every meter to the last digit. The two take turns, three each, so that a busy machine bothers both alike.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")
events=${1:-2000000}
duplicates=${2:-2}
turns=3
python=${METERD_PYTHON:-$root/.build/venv/bin/python3}
[ -x "$python" ] || python=$(command -v "$python" || command -v python3) || {
  printf '%s\n' "benchmarks: python3 is missing; install it, or name one in METERD_PYTHON" >&2
  exit 69
}
"$python" -c 'import duckdb' 2>/dev/null || {
  printf '%s\n' "benchmarks: $python has no duckdb; make a venv and 'pip install duckdb' into it" >&2
  exit 69
}

cd "$root"
scratch=${METERD_SCRATCH:-$root/.build}
swift build -c release --scratch-path "$scratch" --product meterd-bench </dev/null >&2
bench=$scratch/release/meterd-bench
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

"$bench" make "$work/events.ndjson" --events "$events" --duplicates "$duplicates"
bytes=$(wc -c <"$work/events.ndjson")
turn=1
while [ "$turn" -le "$turns" ]; do
  "$bench" file "$work/events.ndjson" >"$work/meterd.$turn"
  "$python" "$here/duckdb.py" "$work/events.ndjson" >"$work/duckdb.$turn"
  turn=$((turn + 1))
done

# value FILE WORD: what stands behind the word.
value() { awk -v word="$2" '$1 == word { print $2 }' "$1"; }

# seconds NAME: median, least and most of the turns.
seconds() {
  for turn in $(seq "$turns"); do value "$work/$1.$turn" cpu_seconds; done | sort -n |
    awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)], all[1], all[NR] }'
}

agree=yes
for turn in $(seq "$turns"); do
  for name in meterd duckdb; do
    grep -E '^(counted|groups|total) ' "$work/$name.$turn" >"$work/$name.says"
  done
  cmp -s "$work/meterd.says" "$work/duckdb.says" || agree=no
done

# The words of `seconds` are meant to be split.
# shellcheck disable=SC2046
set -- $(seconds meterd) $(seconds duckdb)
awk -v m="$1" -v d="$4" -v least="$2" -v most="$3" -v dleast="$5" -v dmost="$6" -v n="$events" -v bytes="$bytes" 'BEGIN {
  printf "meterd to duckdb, events per CPU second   %.2f x   (%.2f to %.2f)\n\n", d / m, dleast / most, dmost / least
  printf "meterd   %10.0f events per CPU second   %7.1f ns/event   %.3f CPU s (%.3f to %.3f)\n", \
    n / m, m / n * 1e9, m, least, most
  printf "duckdb   %10.0f events per CPU second   %7.1f ns/event   %.3f CPU s (%.3f to %.3f)\n", \
    n / d, d / n * 1e9, d, dleast, dmost
  printf "file     %d events, %d bytes, %.1f bytes an event\n\n", n, bytes, bytes / n
}'
cat "$work/meterd.says"
printf 'agree %s\n\n' "$agree"
printf 'duckdb %s, query %s, one thread\n' "$(value "$work/duckdb.1" version)" "$(value "$work/duckdb.1" query)"
swift --version 2>/dev/null | head -n 1
awk -F': *' '/^model name/ && !seen { print $2; seen = 1 }' /proc/cpuinfo
printf '%s processors, %s %s\n' "$(nproc)" "$(uname -s)" "$(uname -r)"
[ "$agree" = yes ] || {
  printf '%s\n' "benchmarks: the two do not agree; compare the totals" >&2
  diff "$work/meterd.says" "$work/duckdb.says" >&2 || exit 1
  exit 1
}
