# Answers of DNS: aliases, hints of HTTPS records, many addresses, ECH, names beyond ASCII, odd names, NAT64
# keys: dns.ech dns.nat64
. "$(dirname "$0")/lib.sh"
start_resolver
start_web
start_microsocks
# behind priority 1 and target ".": ipv4hint 198.51.100.12; ech
hint=00040004c633640c ech=000500020000
resolver_restart cname=metrics.plain.example,x.tracker.example host-record=x.tracker.example,198.51.100.11 \
	cname=alias.plain.example,x.far.example host-record=x.far.example,198.51.100.13 \
	dns-rr=h3.kion.cloud,65,000100$hint$ech dns-rr=h3.plain.example,65,000100$hint$ech \
	$(for i in $(seq 40); do echo host-record=many.kion.cloud,198.51.100.$((100 + i)) host-record=many.plain.example,198.51.100.$((100 + i)); done)
rules="$(rule 1 '*.kion.cloud'), $(rule 2 '*.tracker.example' '"action": "block"'), $(rule 3 '*.far.example'), $(rule 5 '.BÜcher.example' '"action": "block"')"
ask() { client dig +time=2 +tries=1 "$@"; }
status() { ask "$@" | grep -o 'status: [A-Z]*'; }
# proxied RULE DST URL: a request without a name goes through the proxy by that rule
proxied() { fetch -H Host: "$3" && logged "proto=tcp .*dst=$2 .*rule=$1 action=proxy proxy=1 .*close=done"; }

config "$rules" '"intercept": { "mode": "matched", "sniff_ports": "443" }'
daemon_start
check "a blocked name" same "$(status x.tracker.example)" "status: NXDOMAIN"
check "... also behind an alias" same "$(status metrics.plain.example)" "status: NXDOMAIN"
check "... its record" logged 'proto=dns .*host=metrics.plain.example .*rule=2 action=block .*close=blocked'
check "... in the answer from the cache, too" same "$(status metrics.plain.example)" "status: NXDOMAIN"
for name in xn--bcher-kva.example a.xn--bcher-kva.example; do
	check "a rule for .BÜcher.example blocks $name" same "$(status $name)" "status: NXDOMAIN"
done
check "the alias of a proxied name" same "$(ask +short alias.plain.example | tail -1)" 198.51.100.13
check "... goes through the proxy" proxied 3 198.51.100.13:80 http://198.51.100.13/
check "the record of HTTPS/3" same "$(ask +short h3.kion.cloud TYPE65 | tr -d ' ')" "1.ipv4hint=198.51.100.12"
check "... whose hint goes through the proxy" proxied 1 198.51.100.12:80 http://198.51.100.12/
check "... and of a name without a rule, with ECH" same "$(ask +short h3.plain.example TYPE65 | grep -c 'ech=')" 1
check "40 addresses of a name" same "$(ask +short many.kion.cloud | sort -u | wc -l)" 32
check "... over TCP" same "$(ask +tcp +short many.kion.cloud | sort -u | wc -l)" 32
check "... of a name without a rule" same "$(ask +tcp +short many.plain.example | sort -u | wc -l)" 40
for name in my-blog-.kion.cloud a.-b.kion.cloud _x_.kion.cloud; do
	mark
	check "$name goes through the proxy" fetched "http://$name/"
	check "... its record" logged "proto=tcp .*:80 host=$name via=http rule=1 action=proxy proxy=1"
done

config "$(rule 4 '198.51.100.13' '"action": "block"')" '"dns": { "ech": "keep", "nat64": ["2001:db8:64::/96"] }'
daemon_restart
check "ECH that is kept" same "$(ask +short h3.kion.cloud TYPE65 | grep -c 'ech=')" 1
for address in 64:ff9b::c633:640d 2001:db8:64::c633:640d; do
	check "an IPv4 address that is blocked, as $address" fails fetch "http://[$address]/"
	check "... its record" logged "proto=tcp .*dst=.$address.:80 .*rule=4 action=block .*close=blocked"
done
finish
