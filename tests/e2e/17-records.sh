# What is written where: log.flows, log.hosts, log.level, syslog with its facility.
# keys: log.flows log.hosts log.level log.facility
. "$(dirname "$0")/lib.sh"
MODE=all        # direct flows to any port have records
start_web
start_resolver
start_microsocks
start_origin

log_conf() { config "$RULE_KION" "\"log\": { $1 }"; check "reload with $1" reload; }
config "$RULE_KION"
daemon_start
log_conf '"flows": "proxied"'
check "a proxied flow" fetched http://one.kion.cloud/
check "a direct flow" fetched http://direct.example/
check "log.flows proxied: the one is written" logged 'flow .*proto=tcp .*host=one.kion.cloud'
check "... the other is not" not_logged 'flow .*host=direct.example'
log_conf '"flows": "errors"'
check "a flow that works" fetched http://two.kion.cloud/
check "a flow that fails" origin refused 198.51.100.11 9999
check "log.flows errors: the one that failed" logged 'flow .*:9999 .*close=connect-refused'
check "... only" not_logged 'host=two.kion.cloud'
log_conf '"flows": "none"'
check "a flow" fetched http://three.kion.cloud/
log_conf '"hosts": "domain"'
check "log.flows none: no flow was written" log_has_not daemon 'host=three.kion.cloud'
check "a flow to a deep name" fetched http://secret.kion.cloud/
check "log.hosts domain: the domain only" logged 'flow .*dst=- host=\*\.kion\.cloud'
check "... nowhere the name" not_logged 'secret'
log_conf '"hosts": "none"'
check "a flow" fetched http://hidden.kion.cloud/
check "log.hosts none: neither host nor address" logged 'flow .*dst=- host=- .*action=proxy'
check "... nowhere the name" not_logged 'hidden|198.51.100.10'
config "$RULE_KION" '"log": { "level": "error" }'
kill -HUP "$(pid_of daemon)"
# the first record would be there when the second flow has ended
quiet() { mark; fetched http://quiet.kion.cloud/ && fetched http://quiet.kion.cloud/ && not_logged .; }
check "log.level error: nothing is written" within 5 quiet
stop daemon TERM

# The real thing: a log daemon of our own at /dev/log, the program in the background.
mount -t tmpfs tmpfs /dev
for device in 'null 1 3' 'zero 1 5' 'random 1 8' 'urandom 1 9' 'tty 5 0'; do
	set -- $device
	mknod -m 666 "/dev/$1" c "$2" "$3"
done
ln -s /proc/self/fd /dev/fd
start syslog client /usr/bin/python3 -c '
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
while True:
    print(log.recv(9000).decode(), flush=True)'
within 5 test -S /dev/log
config "$RULE_KION" '"log": { "facility": "local3" }'
check "the daemon goes to the background" client "$DAEMON" -f "$T/conf"
pgrep -o pfinterceptd >"$T/pid/daemon"
mark
check "... when it does, traffic is intercepted" fetched http://a.kion.cloud/
# local3 is 19, info 6: 19 * 8 + 6 = 158
check "log.facility local3: the flow is in the system log" log_has syslog '^<158>.*pfinterceptd.*flow id=[0-9]+ proto=tcp .*host=a.kion.cloud'
check "... no password is" log_has_not syslog 'pass[^a-z]'
finish
