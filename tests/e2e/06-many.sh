# Many connections at once, and one after the other: nothing leaks.
# keys: limits.connections limits.per_client threads
. "$(dirname "$0")/lib.sh"
MODE=all        # direct flows count, too
start_microsocks
start_origin
config "$(rule 1 '198.51.100.13;2001:db8:2::13')" '"threads": 3'
daemon_start
check "three threads move bytes, one decides" same "$(ls "/proc/$(worker_pid)/task" | wc -l)" 4
ulimit -n 8192

for address in 198.51.100.13 2001:db8:2::11; do
	check "500 at once, $address" origin many $address 7000 500
done
all_closed() { [ "$(fds "$(worker_pid)")" -le $((before + 2)) ]; }
check "1000 to warm up" origin seq 198.51.100.13 7000 1000
worker=$(worker_pid)
before=$(fds "$worker") rss=$(rss_kib "$worker")
check "10000 one after the other" origin seq 198.51.100.13 7000 10000
check "the worker is still the same" same "$worker" "$(worker_pid)"
check "its descriptors are where they were ($before)" within 5 all_closed
# the sanitizer's quarantine keeps freed memory
slack=$(grep -qa __asan_init "$DAEMON" && echo 300000 || echo 1024)
check "its memory is where it was ($rss KiB)" at_most "$(rss_kib "$worker")" $((rss + slack))
check "10000 direct" origin seq 198.51.100.11 7000 10000
check "... descriptors" within 5 all_closed

config "$(rule 1 198.51.100.13)" '"limits": { "connections": 20 }'
check "reload with limits.connections 20" reload
check "20 work" origin many 198.51.100.11 7000 20
check "21 do not" fails origin many 198.51.100.11 7000 21
check "... and it is said" logged 'limits.connections'
config "$(rule 1 198.51.100.13)" '"limits": { "per_client": 10 }'
check "reload with limits.per_client 10" reload
check "10 work" origin many 198.51.100.11 7000 10
check "11 do not" fails origin many 198.51.100.11 7000 11
finish
