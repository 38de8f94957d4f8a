# A slow reader on either side holds the sender back, and costs no memory.
. "$(dirname "$0")/lib.sh"
start_microsocks
start_origin
config "$(rule 1 198.51.100.13)"
daemon_start
check "warm up" origin up 198.51.100.13 7002 10000000
worker=$(worker_pid)

# try VERB PORT LINE: holds the transfer at its fullest while memory is looked at
try() {
	local rss
	rss=$(rss_kib "$worker")
	mkfifo "$T/release"
	start stuck client /usr/bin/python3 "$TOOLS/client.py" "$1" 198.51.100.13 "$2" 1073741824
	within 20 grep -q "$3" "$T/log/stuck" || { cat "$T/log/stuck"; return 1; }
	at_most "$(rss_kib "$worker")" $((rss + 4096))
}
start() {	# as in sandbox.sh, but with standard input from the pipe when it is there
	local name=$1 ns=$2 input=/dev/null
	shift 2
	[ "$name" != stuck ] || { input=$T/release; exec 9<>"$T/release"; }
	ip netns exec "$ns" "$@" >>"$T/log/$name" 2>&1 <"$input" &
	echo $! >"$T/pid/$name"
	disown
}
release() { echo >&9; within 10 gone stuck; rm -f "$T/release" "$T/log/stuck"; }

check "a server that reads nothing: memory is flat" try flood 7005 '^[0-9]'
check "... the sender was held back" at_most "$(cat "$T/log/stuck")" 100000000
release
check "a client that reads nothing: memory is flat" try deaf 7003 open
release
check "the worker is still the same" same "$worker" "$(worker_pid)"
finish
