# shellcheck shell=sh
# What must be on the machine before anything can be built or run; part of deploy/dev.

# Headers to build against, PostgreSQL for the demo and the tests, and clients of other languages for the tests.
# Debian makes a cluster of its own with PostgreSQL, and starts a PgBouncer, which nothing here uses. g++ brings the C and C++ headers and the
# linker's start files, which no Swift toolchain has.
packages='g++ pkg-config librdkafka-dev libpq-dev libzstd-dev libsimdjson-dev libyaml-dev libmicrohttpd-dev
  libxxhash-dev zstd patch postgresql postgresql-client pgbouncer kcat python3 python3-venv openssl curl tzdata'

# What the programs of a Swift toolchain themselves are linked to, needed only where one has been unpacked by hand.
toolchain_packages='git binutils libc6-dev libcurl4-openssl-dev libedit-dev libncurses-dev libsqlite3-dev libstdc++6
  libxml2-dev zlib1g-dev tzdata'

# Puts the first toolchain that will do in front of PATH. An OpenStack client is called swift too, hence the look at
# what it says of itself.
need_swift() {
  for folder in "$(command -v swift | sed 's|/[^/]*$||')" /opt/swift/usr/bin "${HOME:-/root}/.local/share/swiftly/bin"; do
    [ -n "$folder" ] && [ -x "$folder/swift" ] || continue
    found=$folder
    version=$("$folder/swift" --version 2>/dev/null </dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p') || :
    case $version in
      '') ;;
      [0-5].* | 6.[01]) older="$version in $folder" ;;
      *)
        PATH=$folder:$PATH
        export PATH
        return
        ;;
    esac
  done
  if [ -n "${older:-}" ]; then
    die 69 "setup: the Swift toolchain is too old ($older; 6.2 or newer); install a newer one, see swift.org/install"
  fi
  if [ -n "${found:-}" ] && [ -n "${completed:-}" ]; then
    "$found/swift" --version </dev/null >/dev/null || :
    die 69 "setup: the Swift toolchain in $found does not start; the lines above say why"
  fi
  if [ -z "${found:-}" ]; then
    die 69 'setup: there is no Swift toolchain (6.2 or newer; PATH, /opt/swift, swiftly);' \
      'install one, see swift.org/install, and run this again'
  fi
  say 'the Swift toolchain does not start; adding the libraries it may lack'
  completed=yes
  packages="$packages $toolchain_packages"
  need_packages
  need_swift
}

need_packages() {
  # shellcheck disable=SC2086 # several names
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
    die 69 "setup: this is not Debian; install what answers to: $(printf '%s ' $packages)"
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  need_root "apt-get install --no-install-recommends $missing"
  say "installing Debian packages, which takes a minute or two: $missing"
  mkdir -p .build
  log=$root/.build/setup.log
  : >"$log"
  # Lists may be absent or old; where they cannot be had, what is already here may still do.
  as_root apt-get -q update >>"$log" 2>&1 || say 'the package lists could not be renewed; trying without'
  # shellcheck disable=SC2086 # several names
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends $missing >>"$log" 2>&1; then
    tail -n 4 "$log" >&2
    die 69 "setup: these Debian packages could not be installed: $missing; the lines above say why" \
      '(no network, or no such package in this release?), .build/setup.log has them all'
  fi
}

# A package that was removed and has left its configuration is missing.
missing_packages() {
  for package in $packages; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
      *' installed') ;;
      *) printf '%s ' "$package" ;;
    esac
  done | sed 's/ $//'
}

# need_root WHAT: ends here with the command for somebody who may, when we may not.
need_root() {
  [ "$(id -u)" -ne 0 ] || return 0
  # Without a terminal nobody could answer a question for the password.
  if command -v sudo >/dev/null; then
    if [ -t 0 ] && [ -t 2 ]; then sudo -v && return; else sudo -n true 2>/dev/null && return; fi
  fi
  die 77 "setup: something is missing that this user may not install (neither root nor sudo); as root: $1"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@" </dev/null; else sudo "$@" </dev/null; fi
}

# The tests send events as a product service in Python would; only they need this, and they say so where it is absent.
need_python() {
  need_wheel confluent_kafka confluent-kafka ||
    say 'confluent-kafka could not be installed (no network?); tests with the Python client cannot run, see .build/setup.log'
}

# need_wheel MODULE PACKAGE: a Python package in .build/venv; fails when it is not there and cannot be had.
need_wheel() {
  python=$root/.build/venv/bin/python3
  "$python" -c "import $1" 2>/dev/null && return
  say "installing the Python package $2 into .build/venv"
  mkdir -p .build
  { "$python" -c 'import pip' 2>/dev/null || python3 -m venv --clear .build/venv; } >>.build/setup.log 2>&1 &&
    timeout 180 "$python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 15 "$2" \
      </dev/null >>.build/setup.log 2>&1
}

# The greatest exposure that 'systemd-analyze security' may report, in tenths.
unit_exposure_max=11

# The unit names a program that is not on this machine, so a copy is checked in which it is one that is.
check_unit() {
  if ! command -v systemd-analyze >/dev/null; then
    say 'systemd-analyze is not installed; deploy/meterd.service is not checked'
    return
  fi
  say 'checking deploy/meterd.service'
  folder=$(mktemp -d "$temporary/meterd-unit.XXXXXX")
  sed 's|/usr/local/bin/meterd|/bin/true|' deploy/meterd.service >"$folder/meterd.service"
  status=0
  systemd-analyze verify "$folder/meterd.service" || status=$?
  systemd-analyze security --no-pager --offline=true --threshold="$unit_exposure_max" "$folder/meterd.service" \
    >"$folder/report" || status=$?
  tail -n 1 "$folder/report"
  rm -r "$folder"
  return "$status"
}

# Where nothing in a folder's `lock` is held, the run that made it is over.
sweep_tests() {
  for folder in "$temporary"/meterd-test-*; do
    [ -d "$folder" ] && [ -w "$folder" ] || continue
    if flock -n "$folder/lock" true 2>/dev/null; then
      say "removing $folder"
      rm -rf "$folder"
    else
      say "$folder belongs to tests that are running"
    fi
  done
}
