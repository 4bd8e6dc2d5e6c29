# shellcheck shell=sh
# The demo: a private broker and database in a temporary folder, a made-up flow of events, and an independent recount.
# Part of deploy/dev.

topic=usage.events
partitions=8
catalog=$root/config/catalogs/demo.yaml

verb_demo() {
  seconds=30
  rate=2000
  keep=
  while [ $# -gt 0 ]; do
    case $1 in
      --seconds)
        seconds=$(demo_number "$1" "${2:-}" 3600) || exit
        shift
        ;;
      --rate)
        rate=$(demo_number "$1" "${2:-}" 1000000) || exit
        shift
        ;;
      --keep) keep=yes ;;
      --end)
        demo_end "${2:-}"
        return
        ;;
      *) die 64 "demo: '$1' is not an option; there are --seconds N, --rate N, --keep, --end FOLDER" ;;
    esac
    shift
  done
  need_swift
  need_packages
  build_release

  demo_folder
  demo_postgres
  demo_broker
  demo_daemon
  demo_load
  demo_wait
  demo_show
  demo_limits
  demo_prove
  if [ -n "$keep" ]; then demo_keep; fi
  say "the demo is done ($(took))"
}

# demo_number OPTION VALUE BOUND
demo_number() {
  case $2 in
    '' | 0* | *[!0-9]* | ????????*) ;;
    *) if [ "$2" -le "$3" ]; then echo "$2" && return; fi ;;
  esac
  die 64 "demo: '$1' wants a whole number ('$2'; 1 to $3)"
}

# Everything of a demo is in one folder, and every process of it has its working directory there: that is how they are
# told from others that have got their numbers since. The folder's `pids` lists them, in the order in which they end.
demo_folder() {
  folder=$(mktemp -d "$temporary/meterd-demo.XXXXXX")
  trap 'demo_leave' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
  : >"$folder/pids"
  # PostgreSQL may run as another user, who must be able to pass through.
  chmod 711 "$folder"
  cd "$folder"
  # What is set for somebody's own database must not reach ours.
  for name in $(env | sed -n 's/^\(PG[A-Z]*\)=.*/\1/p'); do unset "$name"; done
}

demo_leave() {
  status=$?
  set +e
  trap '' HUP INT PIPE TERM
  # Nobody reads any more.
  [ "$status" -ne 141 ] || exec >/dev/null
  if [ -n "$keep" ] && [ "$status" -eq 0 ]; then return; fi
  [ -z "${load:-}" ] || end_process load "$load" 10
  demo_end "$folder"
  exit "$status"
}

# demo_start NAME PROGRAM…: in the background, out of reach of the terminal's Ctrl-C, since the order of ending matters.
demo_start() {
  started=$1
  shift
  setsid "$@" </dev/null >"$folder/$started.out" 2>"$folder/$started.log" &
  last=$!
  { echo "$started $last" && cat pids; } >pids.new
  mv pids.new pids
}

# demo_fail SENTENCE LOG: what the program said last goes before.
demo_fail() {
  tail -n 15 "$folder/$2" >&2
  die "${3:-69}" "demo: $1; the lines above are the last of $2"
}

# demo_until SECONDS NAME PID SENTENCE TEST…: polls until the test holds, as long as the process lives.
demo_until() {
  patience=$(($(date +%s) + $1))
  process=$2
  pid=$3
  sentence=$4
  shift 4
  until "$@"; do
    kill -0 "$pid" 2>/dev/null || demo_fail "$process has ended" "$process.log"
    [ "$(date +%s)" -lt "$patience" ] || demo_fail "$sentence" "$process.log"
    sleep 0.1
  done
}

# Only this folder's socket leads to it, and only its owner and root can open that: no port, no password, and nobody
# else on the machine gets in.
demo_postgres() {
  say 'starting a private PostgreSQL'
  for bin in /usr/lib/postgresql/*/bin; do :; done
  [ -x "$bin/initdb" ] || bin=$(pg_config --bindir)
  data=$folder/postgres
  mkdir -m 700 "$data"
  # initdb and the server refuse to run as root.
  as_owner=
  if [ "$(id -u)" -eq 0 ]; then
    chown postgres: "$data"
    as_owner='setpriv --reuid postgres --regid postgres --init-groups'
  fi
  # shellcheck disable=SC2086 # several words
  (cd "$data" && $as_owner "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C --no-sync \
    --no-instructions) >initdb.log 2>&1 </dev/null || demo_fail 'the database cannot be made' initdb.log
  # shellcheck disable=SC2086 # several words
  demo_start postgres $as_owner "$bin/postgres" -D "$data" -k "$data" -p 5432 -c listen_addresses= \
    -c "cluster_name=$folder"
  postgres=$last
  demo_until 60 postgres "$postgres" 'the database does not answer' \
    "$bin/pg_isready" -q -h "$data" -U postgres -d postgres
  "$bin/createdb" -h "$data" -U postgres meterd
}

# One value or table, in the words of SQL.
ask() { "$bin/psql" -X -q -A -t -F ' ' -h "$data" -U postgres -d meterd -c "$1"; }

demo_broker() {
  say "starting a private Kafka broker with topic $topic in $partitions partitions"
  demo_start broker "$release/meterd-lab" broker --topic "$topic:$partitions"
  demo_until 30 broker "$last" 'the broker does not say its address' grep -q '^bootstrap.servers=' broker.out
  brokers=$(sed -n 's/^bootstrap.servers=//p' broker.out)
}

demo_daemon() {
  cat >meterd.yaml <<END
kafka: { brokers: "$brokers", topics: [$topic] }
postgres: { url: "host=$data user=postgres dbname=meterd" }
memory: { budget: 512MiB }
http: { listen: 127.0.0.1:0, auth: none }
limit_log: { path: $folder/limits.log }
END
  say 'checking the configuration and what it connects to: meterd check --connect'
  "$release/meterd" check --config meterd.yaml --connect >check.out 2>check.log </dev/null ||
    demo_fail 'meterd check does not pass' check.log 78
  grep -E '^(configuration|kafka|postgres): ' check.out | sed 's/^/    /'
  say 'making the four meters of config/catalogs/demo.yaml: meterd apply'
  "$release/meterd" apply --config meterd.yaml "$catalog" >apply.out 2>apply.log </dev/null ||
    demo_fail 'meterd apply does not pass' apply.log 78
  sed 's/^/    /' apply.out
  demo_subscribe small
  say 'starting the daemon: meterd run; and beside it, for the limit events: meterd tail'
  demo_start meterd "$release/meterd" run --config meterd.yaml
  meterd=$last
  demo_start tail "$release/meterd" tail --config meterd.yaml --since 1m
}

demo_load() {
  bytes=$((rate * seconds * 250))
  if [ "$bytes" -gt $((partitions * 4000000)) ]; then
    say "about $((bytes / 1000000)) MB will pass through a broker that keeps $((partitions * 5)) MB; that is fine as long as the counting keeps up"
  fi
  say "sending $rate events a second for $seconds s: meterd-lab load"
  # Its progress stays on the terminal; only the summary is kept aside.
  setsid "$release/meterd-lab" load --brokers "$brokers" --topic "$topic" --rate "$rate" --seconds "$seconds" \
    --copy records.ndjson </dev/null >load.out &
  load=$!
  ticks=0
  while kill -0 "$load" 2>/dev/null; do
    sleep 1
    kill -0 "$meterd" 2>/dev/null || demo_fail 'meterd has ended' meterd.log 70
    ticks=$((ticks + 1))
    if [ $((ticks % 5)) -eq 0 ]; then demo_counts; fi
  done
  wait "$load" || {
    status=$?
    load=
    die "$status" 'demo: the events could not all be sent; the lines above say why'
  }
  load=
  sent=$(sed -n 's/.*acknowledged \([0-9]*\),.*/\1/p' load.out)
  sed 's/^/    /' load.out
}

# A line over the progress line, which is drawn anew below it.
demo_counts() {
  line=$(ask "select 'counted so far: ' || coalesce(sum(events), 0) || ' events (' || coalesce(sum(counted), 0)
    || ' counted, ' || coalesce(sum(duplicate), 0) || ' duplicate, ' || coalesce(sum(quarantined), 0)
    || ' quarantined); busiest ' || coalesce((select string_agg(tenant || ' ' || n, ', ')
      from (select tenant, sum(events) n from meterd.usage group by 1 order by 2 desc, 1 limit 3) t), 'none')
    from meterd.accounting" 2>/dev/null) || return 0
  if [ -t 1 ]; then printf '\r\033[K    %s\n' "$line"; else printf '    %s\n' "$line"; fi
}

# Until every event that was sent has its verdict in the database.
demo_wait() {
  say "waiting until all $sent events are in PostgreSQL"
  demo_until 120 meterd "$meterd" 'not all events were counted within two minutes' demo_is_counted
}

demo_is_counted() {
  halted=$(ask "select topic || '[' || partition || ']: ' || halted from meterd.progress where halted is not null")
  [ -z "$halted" ] || demo_fail "a partition has halted ($halted)" meterd.log
  [ "$(ask 'select coalesce(sum(events), 0) from meterd.accounting')" -eq "$sent" ]
}

demo_show() {
  say 'usage of the ten busiest tenants: meterd usage --total'
  "$release/meterd" usage --config meterd.yaml --total >usage.out </dev/null
  ask 'select tenant from meterd.usage group by 1 order by sum(events) desc, 1 limit 10' >busiest.out
  awk 'NR == FNR { busiest[$1]; next } FNR == 1 || $1 in busiest { print "    " $0 }' busiest.out usage.out
  say 'verdicts: every event has exactly one'
  ask "select v.key, v.n from (select key, sum(value::bigint) n from meterd.accounting a, jsonb_each_text(to_jsonb(a))
    where key not in ('topic', 'partition') group by 1) v order by v.key <> 'events', v.n desc, v.key" |
    awk '{ printf "    %-12s %12s\n", $1, $2 }'
}

# demo_subscribe PLAN: the three busiest tenants, from the first of this month on. The first one's plan is the one that is named.
demo_subscribe() {
  month=$(date -u +%Y-%m-01T00:00:00Z)
  cat >plans.yaml <<END
plans:
  - name: small
    version: 1
    currency: EUR
    usage:
      - { meter: api_calls, included: "100", limit: { mode: block }, warn_at: [50, 80] }
      - { meter: tokens, included: "100000", limit: { mode: overage }, warn_at: [80] }
  - name: large
    version: 1
    currency: EUR
    usage:
      - { meter: api_calls, included: "1000000", limit: { mode: block }, warn_at: [80] }
tenants: [{ id: tenant-0001 }, { id: tenant-0002 }, { id: tenant-0003 }]
subscriptions:
  - { id: sub-0001, tenant: tenant-0001, plan: $1, starts_at: $month }
  - { id: sub-0002, tenant: tenant-0002, plan: small, starts_at: $month }
  - { id: sub-0003, tenant: tenant-0003, plan: small, starts_at: $month }
END
  say "subscribing three tenants, tenant-0001 to the plan '$1': meterd apply"
  "$release/meterd" apply --config meterd.yaml plans.yaml >apply.out 2>apply.log </dev/null ||
    demo_fail 'meterd apply does not pass' apply.log 78
  sed 's/^/    /' apply.out
}

# Tenants run into their limits, and one is freed.
demo_limits() {
  say 'limit events as they came: meterd tail'
  sed 's/^/    /' tail.out | head -n 12
  say 'what tenants have used of their limits: meterd limits'
  "$release/meterd" limits --config meterd.yaml </dev/null | sed 's/^/    /'
  demo_subscribe large
  demo_until 10 meterd "$meterd" 'the tenant is not free within ten seconds' \
    grep -q 'tenant-0001 api_calls recovered' tail.out
  grep 'tenant-0001 api_calls recovered' tail.out | sed 's/^/    /'
  say "the limit log has $(wc -l <limits.log) lines, the last of them:"
  tail -n 1 limits.log | sed 's/^/    /'
}

# The daemon's rows against those of a program that shares no code with it and reads only the records.
demo_prove() {
  say 'recounting the same records independently: meterd-lab oracle'
  "$release/meterd" usage --config meterd.yaml --json </dev/null | LC_ALL=C sort >counted.ndjson
  "$release/meterd-lab" oracle --config meterd.yaml --catalog "$catalog" --json records.ndjson </dev/null |
    LC_ALL=C sort >recounted.ndjson
  if [ -s counted.ndjson ] && cmp -s counted.ndjson recounted.ndjson; then
    say "equal: $(wc -l <counted.ndjson) rows"
    return
  fi
  say 'NOT equal; the first differences, < counted by meterd, > recounted:'
  diff counted.ndjson recounted.ndjson | head -n 20 | sed 's/^/    /'
  die 1 "demo: PostgreSQL and the recount differ ($(wc -l <counted.ndjson) and $(wc -l <recounted.ndjson) rows)"
}

demo_keep() {
  port=$(sed -n 's/.*"http server started".*"port":\([0-9]*\).*/\1/p' meterd.log)
  say 'it goes on; look around with'
  cat <<END
    usage     $release/meterd usage --config $folder/meterd.yaml --tenant tenant-0001
    database  psql 'host=$data user=postgres dbname=meterd' -c 'table meterd.accounting'
    metrics   curl http://127.0.0.1:$port/metrics
    limits    $release/meterd limits --config $folder/meterd.yaml; tail -f $folder/limits.log
    log       tail -f $folder/meterd.log
    more      $release/meterd-lab load --brokers $brokers --topic $topic --rate 500 --seconds 10
    end it    deploy/dev demo --end $folder
END
}

# is_ours PID: whether it is there and works in our folder.
is_ours() {
  case $(readlink "/proc/$1/cwd" 2>/dev/null) in
    "$ended" | "$ended"/*) return 0 ;;
    *) return 1 ;;
  esac
}

# end_process NAME PID SECONDS: asks, waits, and then does not ask.
end_process() {
  ended=${folder}
  is_ours "$2" || return 0
  # To PostgreSQL SIGTERM means to wait for whoever is connected.
  case $1 in postgres) kill -INT "$2" ;; *) kill -TERM "$2" ;; esac 2>/dev/null
  limit=$(($(date +%s) + $3))
  while is_ours "$2"; do
    if [ "$(date +%s)" -ge "$limit" ]; then
      say "$1 did not end within $3 s and is killed"
      kill -KILL "$2" 2>/dev/null
      return 0
    fi
    sleep 0.1
  done
}

# demo_end FOLDER: ends what runs there, the daemon first so that it can commit, and removes the folder.
demo_end() {
  folder=$1
  case $folder in
    */meterd-demo.??????) [ -w "$folder/pids" ] ;;
    *) false ;;
  esac || die 64 "demo: '$folder' is not the folder of a demo; --end wants the one that --keep has named"
  say "ending the demo in $folder"
  while read -r name pid; do end_process "$name" "$pid" 40; done <"$folder/pids"
  cd "$root"
  rm -rf "$folder"
}

# Folders of demos that ended without being able to clear up, as after a loss of power.
sweep_demos() {
  for folder in "$temporary"/meterd-demo.??????; do
    [ -w "$folder/pids" ] || continue
    ended=$folder
    alive=
    while read -r name pid; do if is_ours "$pid"; then alive="$alive $name"; fi; done <"$folder/pids"
    if [ -n "$alive" ]; then
      say "$folder is in use by$alive; 'deploy/dev demo --end $folder' ends it"
    else
      say "removing $folder"
      rm -rf "$folder"
    fi
  done
}
