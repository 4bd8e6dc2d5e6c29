#!/bin/sh
# Measures meterd's core part by part, and counts one file of events with it and with DuckDB, each on one processor:
#
#   Benchmarks/run.sh METERD-BENCH [--full]
#
# METERD-BENCH is the built program; `deploy/dev bench core` builds it and has duckdb for the python3 that METERD_PYTHON names, or
# that of .build/venv. Ends with 1 when the two do not agree on every meter to the last digit. The two take turns so that a busy
# machine bothers both alike.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(dirname -- "$here")
bench=${1:?name the built meterd-bench}
events=400000
values=1000000
sizes="--runs 3"
if [ "${2:-}" = --full ]; then
  events=2000000
  values=10000000
  sizes="--runs 5"
fi
duplicates=2
turns=3
python=${METERD_PYTHON:-$root/.build/venv/bin/python3}
"$python" -c 'import duckdb' 2>/dev/null || {
  printf '%s\n' "benchmarks: '$python' has no duckdb; run 'deploy/dev bench core', which installs it" >&2
  exit 69
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

"$bench" make "$work/events.ndjson" --events "$events" --duplicates "$duplicates" >"$work/made"
bytes=$(wc -c <"$work/events.ndjson")
turn=1
while [ "$turn" -le "$turns" ]; do
  "$bench" file "$work/events.ndjson" >"$work/meterd.$turn"
  "$python" "$here/duckdb.py" "$work/events.ndjson" >"$work/duckdb.$turn"
  turn=$((turn + 1))
done
rm "$work/events.ndjson"
for part in decode dedupe count seal core; do
  # shellcheck disable=SC2086 # several words
  "$bench" "$part" --events "$events" --duplicates "$duplicates" $sizes >"$work/$part"
done
"$bench" tables >"$work/tables"
"$bench" memory --values "$values" >"$work/memory"

# value FILE WORD [COLUMN]: what stands behind the word.
value() { awk -v word="$2" -v column="${3:-2}" '$1 == word { print $column }' "$1"; }

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

printf 'per event          ns     (least to most)   allocations   retains\n'
for part in decode dedupe count seal core; do
  # part, percent, its sign, median, least, most, allocations, retains, hash
  awk -v part="$part" '$1 == part {
    printf "%-12s %8.1f   (%.1f to %.1f)%13.4f %9.4f\n", part == "core" ? "whole core" : part, $4, $5, $6, $7, $8 }' "$work/$part"
done
printf '\nbytes in memory      fullest  emptiest     heap   of\n'
awk '$1 == "series" || $1 == "identities" {
  printf "%-18s %9.1f %9.1f %8.1f   %d\n", $1 == "series" ? "a series" : "an identity", $3, $4, $5, $2 }' "$work/tables"
printf '\nvalues of one tenant    heap bytes   identities       series     resident\n'
awk '$1 == "values" { printf "%20d %13d %12d %12d %12d\n", $2, $3, $4, $5, $6 }
  $1 == "growth" { flat = $2 < 1 ? "yes" : "no"; printf "flat %s: each new value adds %s bytes to the heap, identities aside\n", flat, $2 }' \
  "$work/memory"

# The words of `seconds` are meant to be split.
# shellcheck disable=SC2046
set -- $(seconds meterd) $(seconds duckdb)
awk -v m="$1" -v d="$4" -v least="$2" -v most="$3" -v dleast="$5" -v dmost="$6" -v n="$events" -v bytes="$bytes" 'BEGIN {
  printf "\none file, one thread   events per CPU second   ns/event   CPU s (least to most)\n"
  printf "meterd   %35.0f %10.1f   %.3f (%.3f to %.3f)\n", n / m, m / n * 1e9, m, least, most
  printf "duckdb   %35.0f %10.1f   %.3f (%.3f to %.3f)\n", n / d, d / n * 1e9, d, dleast, dmost
  printf "meterd to duckdb %27.2f (%.2f to %.2f)\n\n", d / m, dleast / most, dmost / least
  printf "%d events, %d bytes\n", n, bytes
}'
cat "$work/made"
cat "$work/meterd.says"
printf 'agree %s\n\n' "$agree"
printf 'duckdb %s, query %s, one thread\n' "$(value "$work/duckdb.1" version)" "$(value "$work/duckdb.1" query)"
swift --version 2>/dev/null | head -n 1
awk -F': *' '/^model name/ && !seen { print $2; seen = 1 }' /proc/cpuinfo
printf '%s processors, load %s, %s %s\n' "$(nproc)" "$(cut -d ' ' -f 1 /proc/loadavg)" "$(uname -s)" "$(uname -r)"
[ "$agree" = yes ] || {
  printf '%s\n' "benchmarks: the two do not agree; compare the totals" >&2
  diff "$work/meterd.says" "$work/duckdb.says" >&2 || exit 1
  exit 1
}
