# Each key of pfinterceptd.conf(5) is exercised by a test: its "# keys:" lines tell which, and it or
# lib.sh sets them.
. "$(dirname "$0")/lib.sh"
awk '
	/^\.Sh/ { section = $2 == "PROXIES" ? "proxies[]." : $2 == "RULES" ? "rules[]." : "" }
	/^\.It Va/ && !/objects\)|list of objects/ {
		for (i = 3; i <= NF && $i != "No"; i++)
			if ($i != ",")
				print section $i
	}' "$TOP/man/pfinterceptd.conf.5" | sort -u >"$T/keys"

exercised() {
	local file
	for file in $(grep -lE "^# keys:.* $(printf %s "$1" | sed 's/[].[]/\\&/g')( |\$)" "$E2E"/[0-9]*.sh); do
		grep -v '^#' "$file" "$E2E/lib.sh" | grep -qE "\"${1##*.}\\\\?\"" && return
	done
	echo "no test has \"$1\" in its \"# keys:\" lines and sets it"
	return 1
}
check "the manual page has keys" test "$(wc -l <"$T/keys")" -gt 50
while read -r key; do
	check "$key is exercised" exercised "$key"
done <"$T/keys"
finish
