# Each way in which a proxy can be bad gives its own word in the flow record, and harms nobody else.
# keys: timeouts.connect timeouts.handshake
. "$(dirname "$0")/lib.sh"
start_origin

# mode, close reason; a reason of "done" means that the connection works
modes=(good done bytes done glue done domain done bound6 done accept-close proxy-closed method-close proxy-closed
method-none proxy-method method-wrong proxy-method auth-fail proxy-auth auth-close proxy-closed
auth-silent proxy-timeout request-close proxy-closed half-reply proxy-closed silent proxy-timeout
garbage proxy-protocol version proxy-protocol atyp proxy-protocol
rep-1 socks-failure rep-2 socks-not-allowed rep-3 socks-net-unreachable rep-4 socks-host-unreachable
rep-5 socks-refused rep-6 socks-ttl-expired rep-7 socks-command rep-8 socks-address rep-9 socks-unassigned
rep-255 socks-unassigned)

# the port that is asked for tells the proxy; the origin answers on each
net nft -f - <<-END
	table ip to_origin { chain c { type nat hook output priority -100;
	ip daddr 198.51.100.13 tcp dport 4102 redirect to :7001
	ip daddr 198.51.100.13 tcp dport 4100-4199 redirect to :7000
	}; }
END
proxies= rules= servers=
for ((i = 0; i < ${#modes[@]}; i += 2)); do
	n=$((100 + i / 2))
	proxies="$proxies${proxies:+,
	}{ \"id\": $n, \"name\": \"${modes[i]}\", \"host\": \"198.51.100.23\", \"port\": $((3000 + n)),
	\"proxy_type\": \"Socks5\", \"username\": \"u\", \"password\": \"p\", \"enabled\": true }"
	rules="$rules$(rule $n "198.51.100.13" "\"ports\": \"$((4000 + n))\", \"proxy_id\": $n"), "
	servers="$servers 198.51.100.23 $((3000 + n)) ${modes[i]}"
done
start_badsocks $servers
refusing='{ "id": 90, "name": "refuses", "host": "198.51.100.23", "port": 9, "proxy_type": "Socks5", "enabled": true }'
config "$rules$(rule 90 198.51.100.13 '"proxy_id": 90')" \
    '"timeouts": { "handshake": 1, "connect": 3 }' "$proxies, $refusing"
daemon_start

for ((i = 0; i < ${#modes[@]}; i += 2)); do
	mode=${modes[i]} reason=${modes[i + 1]} n=$((100 + i / 2))
	if [ $mode = glue ]; then
		check "glue: the first bytes arrive" origin banner 198.51.100.13 $((4000 + n)) 2000
	elif [ $reason = done ]; then
		check "$mode: it works" origin half 198.51.100.13 $((4000 + n))
	else
		check "$mode: the client is reset" origin refused 198.51.100.13 $((4000 + n))
	fi
	check "... close=$reason" logged ":$((4000 + n)) .*proxy=$n .*close=$reason"
done
check "refused: the client is reset" origin refused 198.51.100.13 7000
check "... close=proxy-down" logged ':7000 .*close=proxy-down'
check "... and it is said once that the proxy is down" logged 'proxy down: id=90 .*reason='
check "the worker lived through all this" not_logged 'the worker ended'
finish
