# kill -9 of the worker, the helper, both, during a transfer: nothing is redirected to nobody.
# keys: intercept.on_failure
. "$(dirname "$0")/lib.sh"
MODE=all        # "closed" refuses everything
start_microsocks
start_origin

transfer() {
	start transfer client /usr/bin/python3 "$TOOLS/client.py" steady 198.51.100.13 7000 60
	within 5 grep -q open "$T/log/transfer"
}
direct_works() { origin echo 198.51.100.11 7000; }
refused_at_once() { origin refused 198.51.100.11 7000 && fails direct_works; }
victims() {
	case $1 in
	worker) worker_pid ;;
	helper) helper_pid ;;
	both) worker_pid; helper_pid ;;
	esac
}

for mode in open closed; do
	for victim in worker helper both; do
		config "$(rule 1 198.51.100.13)" "\"intercept\": { \"on_failure\": \"$mode\" }"
		daemon_start
		check "$mode: a transfer before the $victim dies" transfer
		kill -KILL $(victims $victim)
		if [ $victim = worker ]; then
			check "$mode, worker killed: a direct connection works again within a second" within 1 direct_works
			check "... the daemon says so" logged 'the worker is gone: traffic'
			check "... and proxied ones too" within 2 origin echo 198.51.100.13 7000
			stop daemon TERM
		elif [ $mode = open ]; then
			check "open, $victim killed: within a second traffic is direct" within 1 direct_works
			check "... and nothing is left" within 1 nothing_left
		else
			check "closed, $victim killed: within a second traffic is refused" within 1 refused_at_once
			check "... the worker is gone too" within 2 fails pgrep -u "$SANDBOX_USER"
			daemon_start
			check "the next start clears the block" direct_works
			stop daemon TERM
		fi
		stop transfer KILL
		: >"$T/log/transfer"
		check "$mode, $victim: nothing is left at the end" within 2 nothing_left
	done
done

# What happens between the worker's death and its return.
config "$(rule 1 198.51.100.13)" '"intercept": { "on_failure": "closed" }'
daemon_start
kill -STOP "$(helper_pid)"
kill -KILL "$(worker_pid)"
kill -CONT "$(helper_pid)"
check "closed: it comes back by itself" within 3 origin echo 198.51.100.13 7000
for i in 1 2 3 4 5 6; do
	within 10 worker_pid
	kill -KILL "$(worker_pid)"
	within 2 fails rules_have 'chain local_tcp'
done
check "closed, killed again and again: blocked while it waits" refused_at_once
daemon_stop

# The guard.
guard_pid() { pgrep -f '^pfinterceptd-guard'; }
new_guard() { guard_pid && [ "$(guard_pid)" != "$guard" ]; }
daemon_start
guard=$(guard_pid)
kill -KILL "$guard"
check "a guard that was killed" logged 'the guard ended \(status 0x9\); starting it again in 0 s'
check "... has a successor" within 2 new_guard
check "... and traffic goes on" origin echo 198.51.100.13 7000
kill -KILL "$(helper_pid)"
check "... which blocks when the helper dies" within 2 fails rules_have 'chain local_tcp'
check "... as on_failure says" refused_at_once
check "... and ends" within 2 fails guard_pid
daemon_start
finish
