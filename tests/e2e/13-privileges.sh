# What the kernel says of the unprivileged worker, and that no secret is in sight.
# keys: user
. "$(dirname "$0")/lib.sh"
start_microsocks
start_origin
config "$(rule 1 198.51.100.13)" "\"user\": \"$SANDBOX_USER\""
daemon_start
check "it works" origin echo 198.51.100.13 7000
worker=/proc/$(worker_pid)
uid=$(id -u "$SANDBOX_USER") gid=$(id -g "$SANDBOX_USER")

field() { sed -n "s/^$1:[[:space:]]*//p" "$worker/status" | tr '\t' ' '; }
check "uids" same "$(field Uid)" "$uid $uid $uid $uid"
check "gids" same "$(field Gid)" "$gid $gid $gid $gid"
check "no other groups" same "$(field Groups | tr -d ' ')" "$gid"
for set in CapInh CapPrm CapEff CapAmb; do
	check "no capabilities: $set" same "$(field $set)" 0000000000000000
done
check "no new privileges" same "$(field NoNewPrivs)" 1
check "its root directory is empty" same "$(ls -A "$worker/root/" | wc -l)" 0
check "... and not the real one" fails test "$worker/root" -ef /
check "no core files" grep -Eq 'Max core file size +0 +0' "$worker/limits"
check "it has its own program image" same "$(tr '\0' ' ' <"$worker/cmdline" | awk '{ print $2 }')" worker
check "nobody may trace it" fails setpriv --reuid=65534 --clear-groups cat "$worker/environ"
for process in $(pgrep pfinterceptd); do
	check "no password in the arguments or environment of $process" fails grep -aq 'pass' /proc/$process/{cmdline,environ}
done
check "no password in the log" log_has_not daemon '"pass"|=pass|:pass'

config "$(rule 1 198.51.100.13)" '"user": "nobody"'
daemon_restart
check "user names another" same "$(stat -c %U /proc/"$(pgrep -f 'pfinterceptd worker')")" nobody
check "... and it works" origin echo 198.51.100.13 7000
config "$(rule 1 198.51.100.13)" '"user": "root"'
stop daemon TERM
check "root is refused" fails client "$DAEMON" -d -f "$T/conf"
config "$(rule 1 198.51.100.13)" '"user": "_nosuchuser"'
check "a user that does not exist is refused" fails client "$DAEMON" -d -f "$T/conf"
finish
