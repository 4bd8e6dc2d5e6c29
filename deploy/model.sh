# shellcheck shell=sh
# The exhaustive search of the commit protocol's model; part of deploy/dev. The tests run it small, without this.

verb_model() {
  for word in "$@"; do
    case $word in
      --large | --literal) ;;
      *) die 64 "model: '$word' is not an option; it takes --large and --literal" ;;
    esac
  done
  need_swift
  need_packages
  build_model
  status=0
  # shellcheck disable=SC2154 # deploy/dev sets it
  "$root/.build/model/release/meterd-model" "$@" || status=$?
  case $status in
    0) say "no law was broken, and every guard was seen to matter ($(took))" ;;
    1) say "a law was broken, or a guard does not matter ($(took))" ;;
  esac
  return "$status"
}

# A folder of its own, so that debugging builds stay as they are.
build_model() {
  say 'building meterd-model; the first time takes a minute'
  swift_build -c release --scratch-path "$root/.build/model" --no-color-diagnostics --product meterd-model
}
