#!/usr/bin/env bash
# Structures generated vacancies in four ways and compares them row by row: by SQL in one process, by the
# example structure_parquet, on a Ballista cluster of a scheduler and two executors, and on the cluster
# with an executor killed (-9) in the middle. Says how long each takes and how much memory each process
# held. Everything listens on 127.0.0.1 and ends with this script.
#
#     scripts/ballista-demo.sh [ROWS]     default: 20000
#
#     DEMO_DIR   where the archives go; default: a temporary folder, removed at the end
#     DEMO_BIN   a folder with the programs, already built; default: they are built
#     DEMO_PORT  the scheduler's port, the executors take the next two; default: 50350
set -euo pipefail
cd "$(dirname "$0")/../crates"
export CARGO_TERM_COLOR=never

readonly rows=${1:-20000} files=16 port=${DEMO_PORT:-50350}
# No step may take longer than this many seconds.
readonly patience=900
# An executor that works gives a sign of life every 5 seconds.
readonly executor_timeout=12

say() { printf '\n== %s\n' "$*"; }
die() { printf 'ballista-demo: %s\n' "$*" >&2; exit 1; }

dir=${DEMO_DIR:-}
if [ -n "$dir" ]; then mkdir -p "$dir"; else dir=$(mktemp -d); fi
readonly dir
servers=()

stop_servers() {
  local pid
  for pid in ${servers[@]+"${servers[@]}"}; do kill "$pid" 2>/dev/null || true; done
  for pid in ${servers[@]+"${servers[@]}"}; do
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  servers=()
}

finish() {
  stop_servers
  [ -n "${DEMO_DIR:-}" ] || rm -rf "$dir"
}
trap finish EXIT

# The most memory that a process has held so far.
memory() { awk '/^VmHWM/ {printf "%.0f MB\n", $2 / 1024}' "/proc/$1/status"; }

# Runs a command and says what it took.
measured() {
  local start end peak=0 now pid
  start=$(date +%s.%N)
  timeout "$patience" "$@" &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    # The command itself is the child of timeout.
    now=$(awk '/^VmHWM/ {print $2}' "/proc/$(pgrep -P "$pid" | head -n 1)/status" 2>/dev/null || true)
    [ "${now:-0}" -le "$peak" ] || peak=$now
    sleep 0.1
  done
  wait "$pid"
  end=$(date +%s.%N)
  awk -v s="$start" -v e="$end" -v rows="$rows" -v peak="$peak" \
    'BEGIN {printf "   %.1f s, %.0f rows/s, at most %.0f MB\n", e - s, rows / (e - s), peak / 1024}'
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

wait_for_port() {
  for _ in $(seq 300); do
    if listening "$1"; then return 0; fi
    sleep 0.1
  done
  die "expected a server on port $1 within 30 s, found none; see $dir/*.log"
}

start_cluster() {
  local number
  ! listening "$port" || die "port $port is taken; choose another with DEMO_PORT"
  "$bin/vacancy-cluster" scheduler --port "$port" --executor-timeout "$executor_timeout" \
    >"$dir/scheduler.log" 2>&1 &
  servers+=($!)
  wait_for_port "$port"
  for number in 1 2; do
    "$bin/vacancy-cluster" executor --scheduler "127.0.0.1:$port" --port $((port + number)) \
      --cores 1 --work-dir "$dir/executor-$number" >"$dir/executor-$number.log" 2>&1 &
    servers+=($!)
    wait_for_port $((port + number))
  done
}

structure() {
  timeout "$patience" "$bin/vacancy-cluster" structure "$dir/in" "$1" \
    --scheduler "df://127.0.0.1:$port"
}

if [ -z "${DEMO_BIN:-}" ]; then
  say "building"
  cargo build --locked --release --workspace --bins --examples
fi
readonly bin=${DEMO_BIN:-$PWD/target/release}

say "$rows vacancies in $files files"
rm -rf "$dir/in" "$dir"/out-* "$dir"/executor-*
"$bin/generate-vacancies" "$dir/in" --rows "$rows" --files "$files"

for partitions in 1 2; do
  say "by SQL in one process, $partitions partition(s)"
  measured "$bin/examples/structure_by_sql" "$dir/in" "$dir/out-sql-$partitions/" --partitions "$partitions"
done

for threads in 1 2; do
  say "by structure_parquet, $threads thread(s)"
  measured "$bin/examples/structure_parquet" "$dir/in" "$dir/out-example-$threads.parquet" --threads "$threads"
done

say "on the cluster: a scheduler and two executors of one core each"
start_cluster
structure "$dir/out-cluster" | tail -n 1
for number in 0 1 2; do
  printf '   %s held at most %s\n' "$([ $number = 0 ] && echo scheduler || echo "executor $number")" \
    "$(memory "${servers[$number]}")"
done
stop_servers

say "on the cluster, an executor killed in the middle"
start_cluster
structure "$dir/out-killed" >"$dir/client.log" 2>&1 &
client=$!
for _ in $(seq $((patience * 10))); do
  # The folder is there only when the client has made it.
  done_files=$({ find "$dir/out-killed" -name '*.parquet' 2>/dev/null || true; } | wc -l)
  [ "$done_files" -lt 4 ] || break
  kill -0 "$client" 2>/dev/null || break
  sleep 0.1
done
kill -0 "$client" 2>/dev/null || { cat "$dir/client.log"; die "the job was over before the kill"; }
kill -9 "${servers[1]}"
echo "   executor 1 killed, $done_files of $files files were done"
wait "$client" || { cat "$dir/client.log"; die "the job failed"; }
tail -n 1 "$dir/client.log" | sed 's/^/   /'
[ "$(find "$dir/out-killed" -mindepth 1 | wc -l)" -eq "$files" ] || die "expected $files files, found others too"
stop_servers

say "row by row"
for other in out-sql-2 out-example-1.parquet out-example-2.parquet out-cluster out-killed; do
  printf '   out-sql-1 and %s: ' "$other"
  "$bin/compare-vacancies" "$dir/out-sql-1" "$dir/$other"
done
