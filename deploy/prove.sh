# shellcheck shell=sh
# Proofs by exhaustion and by number, at sizes that no test would wait for; part of deploy/dev. The tests run them small.

proofs='decimals times '

verb_prove() {
  proof=
  options=
  while [ $# -gt 0 ]; do
    case $1 in
      --count | --seed)
        case ${2:-} in
          '' | *[!0-9]*) die 64 "prove: $1 takes a whole number ('${2:-}')" ;;
        esac
        options="$options $1 $2"
        shift
        ;;
      -*) die 64 "prove: '$1' is not an option; it takes --count N and --seed N" ;;
      *) proof=$1 ;;
    esac
    shift
  done
  case " $proofs" in
    *" ${proof:-none} "*) ;;
    *) die 64 "prove: '$proof' is not a proof; name one of: $proofs" ;;
  esac
  need_swift
  need_packages
  # A folder of its own: the rooms are built to be looked into, and the other builds stay as they are.
  say 'building meterd-prove; the first time takes a minute'
  swift_build -c release --scratch-path "$root/.build/prove" --no-color-diagnostics -Xswiftc -enable-testing \
    --product meterd-prove
  # shellcheck disable=SC2086 # several words
  "$root/.build/prove/release/meterd-prove" "$proof" $options
  say "proved ($(took))"
}
