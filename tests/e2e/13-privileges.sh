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
check "it has its own program image" same "$(readlink "$worker/exe")" "$BUILD/src/pfinterceptd-worker"
check "... which ps names" same "$(ps -o args= -p "$(worker_pid)" | cut -d ' ' -f 1)" pfinterceptd-worker
check "... and the guard" same "$(ps -C pfinterceptd -o args= | cut -d ' ' -f 1 | sort)" "$DAEMON
pfinterceptd-guard"
check "nobody may trace it" fails setpriv --reuid=65534 --clear-groups cat "$worker/environ"
for process in $(pgrep pfinterceptd); do
	check "no password in the arguments or environment of $process" fails grep -aqw 'pass' /proc/$process/{cmdline,environ}
done
check "no password in the log" log_has_not daemon '"pass"|=pass|:pass'

config "$(rule 1 198.51.100.13)" '"user": "nobody"'
daemon_restart
check "user names another" same "$(stat -c %U /proc/"$(pgrep -f 'pfinterceptd-worker')")" nobody
check "... and it works" origin echo 198.51.100.13 7000
config "$(rule 1 198.51.100.13)" '"user": "root"'
stop daemon TERM
check "root is refused" fails client "$DAEMON" -d -f "$T/conf"
config "$(rule 1 198.51.100.13)" '"user": "_nosuchuser"'
check "a user that does not exist is refused" fails client "$DAEMON" -d -f "$T/conf"

# hostile MESSAGE...: a worker that sends nothing but these; one that is started again dies at once
printf '%s\n' '#include "config.h"' '#include "process/ipc.h"' 'int main(void) { return printf("%zu", sizeof(struct ipc_msg)) < 1; }' |
    gcc -I"$BUILD" -I"$TOP/src" -DPFI_RUN_DIR='"/run"' -x c - -o "$T/message_size"
message_size=$("$T/message_size")
hostile() {
	cat >"$T/bin/pfinterceptd-worker" <<-END
		#!/usr/bin/python3
		import os, re, struct, sys, time
		if os.path.exists("$T/hostile"):
		    sys.exit(3)
		open("$T/hostile", "w").close()
		types = ["none"] + re.findall(r"^\tIPC_([A-Z_]+)", open("$TOP/src/process/ipc.h").read(), re.M)
		for name in "$*".upper().split():
		    os.write(3, struct.pack("=IIiII", types.index(name), 1, 0, 0, 1).ljust($message_size, b"\0"))
		time.sleep(60)
	END
	chmod 755 "$T/bin/pfinterceptd-worker"
	rm -f "$T/hostile"
}
mkdir "$T/bin"
cp "$DAEMON" "$T/bin"
DAEMON=$T/bin/pfinterceptd
config "$(rule 1 198.51.100.13)"
hostile reload
start daemon client "$DAEMON" -d -f "$T/conf"
check "a worker that asks for something while it starts" \
    log_has daemon 'the worker sent "reload" while starting, which it may not; ending it'
check "... ends the daemon, as one that cannot start" within 5 gone daemon
check "... and nothing is left" nothing_left
hostile ready owner commit
start daemon client "$DAEMON" -d -f "$T/conf"
check "a worker that sends a message of the helper's own" log_has daemon 'the worker sent "commit" while running, which it may not; ending it'
check "... is killed" log_has daemon 'the worker ended \(status 0x9\); starting it again'
check "... and its rules are gone" within 2 fails rules_have 'chain local_tcp'
finish
