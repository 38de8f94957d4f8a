# lib.sh - what the benchmarks share, on top of the end-to-end tests' lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/lib.sh"
BENCH=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

# What is measured has one processor to itself, what makes the load another (where there are two).
cpus=($(/usr/bin/python3 -c 'import os; print(*sorted(os.sched_getaffinity(0)))'))
ON_CPU="taskset -c ${cpus[0]}"
OFF_CPU="taskset -c ${cpus[-1]}"

# note WORKLOAD WHO WHAT VALUE: one measured value, for report
note() { printf '%s\t%s\t%s\t%s\n' "$@" >>"$T/notes"; }

# cpu_ticks PID: processor time that it has used
cpu_ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }
TICK_US=$((1000000 / $(getconf CLK_TCK)))

report() { /usr/bin/python3 "$BENCH/report.py" "$@" <"$T/notes"; }
machine() { echo "$(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), Linux $(uname -r), $ROUNDS rounds"; }
