# Each key of pfinterceptd.conf(5) is exercised by a test: the "# keys:" lines above tell which.
. "$(dirname "$0")/lib.sh"
sed -n 's/^# keys: //p' "$E2E"/[0-9]*.sh | tr ' ' '\n' | sort -u >"$T/tested"
sed -n 's/^\.It Ic \([a-z_.]*\(\[\]\)*[a-z_.]*\).*/\1/p' "$TOP/man/pfinterceptd.conf.5" | sort -u >"$T/keys"
check "the manual page has keys" test "$(wc -l <"$T/keys")" -gt 30
while read -r key; do
	check "$key is exercised" grep -qxF "$key" "$T/tested"
done <"$T/keys"
finish
