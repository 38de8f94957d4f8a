# Bytes arrive whole, in both directions, whoever closes first.
# keys: timeouts.half_open
. "$(dirname "$0")/lib.sh"
MODE=all        # direct flows have records
start_microsocks
start_dante
start_origin
# microsocks itself knows no half-close
config "$(rule 1 198.51.100.13 '"proxy_id": 1, "ports": "7002-7003"'), $(rule 2 198.51.100.13 '"proxy_id": 2')" '"timeouts": { "half_open": 300 }'
daemon_start
MIB=${TRANSFER_MIB:-1024}
BYTES=$((MIB * 1048576))
sent=$((BYTES + ${#BYTES} + 1))

for address in 198.51.100.13 198.51.100.11; do
	how=$([ $address = 198.51.100.13 ] && echo proxied || echo direct)
	check "$MIB MiB up, $how, same sha256" origin up $address 7002 $BYTES
	sed 's/^/# /' "$T/check"
	check "... counted" logged "dst=$address:7002 .*out=$sent in=64 .*close=done"
	check "$MIB MiB down, $how, same sha256" origin down $address 7003 $BYTES
	sed 's/^/# /' "$T/check"
	check "... counted" logged "dst=$address:7003 .*in=$BYTES .*close=done"
	check "half-close by the client, $how" origin half $address 7000
	check "... its record" logged "dst=$address:7000 .*out=100000 in=100000 .*close=done"
	check "half-close by the server, $how" origin bye $address 7004
	check "... what came after it arrived" log_has origin "after bye: $(tail -1 "$T/check")"
	check "... its record" logged "dst=$address:7004 .*out=30000 in=3 .*close=done"
	check "a reset by the server passes, $how" origin reset $address 7006
done
check "... its record" logged 'dst=198.51.100.11:7006 .*close=server-reset'
finish
