# sandbox.sh - a small internet inside one shell script; sourced by tests/e2e/lib.sh and examples/quickstart.
#
# sandbox_enter runs the calling script again in mount and pid namespaces of its own. Everything
# made there (network namespaces, processes, files under $T, the user _pfintercept) exists only
# there and is gone when the script ends, however it ends. (The daemon makes the empty directory
# /var/empty on this machine when it is missing; that is removed again.)
#
#    lan                client                          net
#   203.0.113.2  ---  203.0.113.1   192.0.2.2  ---  192.0.2.1
#   2001:db8:3::2     2001:db8:3::1 2001:db8:1::2   2001:db8:1::1
#                                                    198.51.100.10-13 web servers    2001:db8:2::10-13
#                                                    198.51.100.20-29 proxies        2001:db8:2::20-29
#                                                    198.51.100.53-54 resolvers      2001:db8:2::53-54

SANDBOX_USER=_pfintercept

# Call first, with the script's own arguments.
sandbox_enter() {
	local dir pid status=0 empty=/var/empty
	[ "$(id -u)" = 0 ] || { echo "$0: needs root, to make network namespaces: try sudo" >&2; exit 1; }
	if [ -n "${SANDBOX_DIR:-}" ]; then
		sandbox_inside
		return
	fi
	[ -d $empty ] && empty=
	dir=$(mktemp -d /tmp/pfintercept.XXXXXX)
	SANDBOX_DIR=$dir unshare --mount --pid --fork --kill-child --mount-proc bash "$(realpath "$0")" "$@" &
	pid=$!
	trap 'kill -KILL $pid 2>/dev/null' INT TERM HUP
	wait $pid || status=$?
	rmdir "$dir" $empty 2>/dev/null
	exit $status
}

sandbox_inside() {
	T=$SANDBOX_DIR
	unset SANDBOX_DIR
	mount -t tmpfs -o mode=755 tmpfs "$T"
	mkdir -p /run/netns "$T/log" "$T/pid"
	mount -t tmpfs tmpfs /run/netns
	mount -t tmpfs -o mode=755 tmpfs /var/lib
	mkfifo "$T/pause"
	echo 'nameserver 198.51.100.53' >"$T/resolv.conf"
	mount --bind "$T/resolv.conf" "$(readlink -f /etc/resolv.conf)"
	grep -v "^$SANDBOX_USER:" /etc/passwd >"$T/passwd"
	echo "$SANDBOX_USER:x:64042:64042:pfinterceptd:/nonexistent:/usr/sbin/nologin" >>"$T/passwd"
	grep -v "^$SANDBOX_USER:" /etc/group >"$T/group"
	echo "$SANDBOX_USER:x:64042:" >>"$T/group"
	mount --bind "$T/passwd" /etc/passwd
	mount --bind "$T/group" /etc/group
}

# link NS1 NAME V4 V6 NS2 NAME V4 V6: a cable between two namespaces
sandbox_link() {
	ip -n "$1" link add "$2" type veth peer name "$6" netns "$5"
	sandbox_address "$1" "$2" "$3/24" "$4/64"
	sandbox_address "$5" "$6" "$7/24" "$8/64"
	# only then are neighbours answered
	within 5 has_link_local "$1" "$2" && within 5 has_link_local "$5" "$6"
}
has_link_local() { ip -n "$1" -6 address show dev "$2" scope link | grep -q inet6; }

sandbox_address() {
	ip -n "$1" address add "$3" dev "$2"
	ip -n "$1" address add "$4" dev "$2" nodad
	ip -n "$1" link set "$2" up
}

sandbox_net() {
	local i
	for i in client net; do
		ip netns add $i
		ip netns exec $i sysctl -qw net.ipv6.conf.{all,default}.accept_dad=0
		ip -n $i link set lo up
	done
	sandbox_link client up0 192.0.2.2 2001:db8:1::2 net down0 192.0.2.1 2001:db8:1::1
	ip -n client route add default via 192.0.2.1
	ip -n client -6 route add default via 2001:db8:1::1
	for i in 10 11 12 13 20 21 22 23 53 54; do
		sandbox_address net lo 198.51.100.$i/32 2001:db8:2::$i/128
	done
}

# A machine behind the client, which becomes its gateway.
sandbox_lan() {
	ip netns add lan
	ip -n lan link set lo up
	sandbox_link client lan0 203.0.113.1 2001:db8:3::1 lan eth0 203.0.113.2 2001:db8:3::2
	ip -n lan route add default via 203.0.113.1
	ip -n lan -6 route add default via 2001:db8:3::1
	ip -n net route add 203.0.113.0/24 via 192.0.2.2
	ip -n net -6 route add 2001:db8:3::/64 via 2001:db8:1::2
	ip netns exec client sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# within SECONDS COMMAND...: repeats the command until it succeeds
within() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ ${EPOCHREALTIME/./} -lt $end ] || return 1
		read -rt 0.02 <>"$T/pause" || :
	done
}

# start NAME NAMESPACE COMMAND...: in the background, output to $T/log/NAME
start() {
	local name=$1 ns=$2
	shift 2
	ip netns exec "$ns" "$@" >>"$T/log/$name" 2>&1 </dev/null &
	echo $! >"$T/pid/$name"
	disown
}

pid_of() { cat "$T/pid/$1"; }
running() { kill -0 "$(pid_of "$1")" 2>/dev/null; }
gone() { ! running "$1"; }

# stop NAME [SIGNAL]: waits for its end
stop() {
	kill -"${2:-TERM}" "$(pid_of "$1")" 2>/dev/null || return 0
	within 10 gone "$1"
}

# listening ADDRESS:PORT [-u]: somebody in the namespace net accepts there
listening() { ip netns exec net ss -Hln "${2:--t}" | awk '{ print $4 }' | grep -qFx "$1"; }

certificates() {
	local ext="subjectAltName=DNS:*.kion.cloud,DNS:*.example,DNS:direct.example,DNS:blocked.example"
	(
		cd "$T"
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=test authority" -keyout ca.key -out ca.pem
		openssl req -newkey rsa:2048 -nodes -subj "/CN=web" -keyout web.key -out web.csr
		openssl x509 -req -in web.csr -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial \
		    -extfile <(echo "$ext") -out web.pem
	) >"$T/log/openssl" 2>&1
}

# http and https on every web address; the access log says who asked for what
start_web() {
	certificates
	cat >"$T/nginx.conf" <<-END
		daemon off; pid $T/nginx.pid; error_log $T/log/nginx-error; worker_processes 1; user root;
		events { worker_connections 4096; }
		http {
			log_format test '\$remote_addr \$scheme \$host';
			access_log $T/log/web test;
			client_body_temp_path $T/nginx; proxy_temp_path $T/nginx; fastcgi_temp_path $T/nginx;
			uwsgi_temp_path $T/nginx; scgi_temp_path $T/nginx;
			server {
				listen 80; listen [::]:80; listen 443 ssl; listen [::]:443 ssl;
				ssl_certificate $T/web.pem; ssl_certificate_key $T/web.key;
				location / { return 200 "\$host from \$remote_addr\n"; }
			}
		}
	END
	start nginx net nginx -c "$T/nginx.conf"
	within 10 listening 0.0.0.0:443
}

# *.kion.cloud is .10, direct.example .11, blocked.example .12
start_resolver() {
	cat >"$T/dnsmasq.conf" <<-END
		no-resolv
		no-hosts
		keep-in-foreground
		log-facility=-
		log-queries=extra
		user=root
		pid-file=
		local-ttl=60
		cache-size=0
		bind-interfaces
		listen-address=198.51.100.53,2001:db8:2::53
		address=/kion.cloud/198.51.100.10
		address=/kion.cloud/2001:db8:2::10
		address=/direct.example/198.51.100.11
		address=/direct.example/2001:db8:2::11
		address=/blocked.example/198.51.100.12
		address=/blocked.example/2001:db8:2::12
	END
	start resolver net dnsmasq -C "$T/dnsmasq.conf"
	within 10 listening 198.51.100.53:53 -u
}

# SOCKS5 with user and password; its log shows what it was asked for
start_microsocks() {
	start microsocks net microsocks -i :: -p 1080 -u user -P pass
	within 10 listening '*:1080'
}
