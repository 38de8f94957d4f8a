# bash completion for pfinterceptctl(8)
_pfinterceptctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word verb=
	local verbs="anchor connections dns doctor events kill pause proxies reload resume rules setup stats status test top"
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ " $verbs " = *" $word "* ]] && verb=$word
	done
	case $prev in
	-f | -s | -c) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	esac
	case $verb in
	'') COMPREPLY=($(compgen -W "-f -h -j -s -V $verbs" -- "$cur")) ;;
	connections) COMPREPLY=($(compgen -W "-w --all" -- "$cur")) ;;
	kill) COMPREPLY=($(compgen -W "$(pfinterceptctl -j connections 2>/dev/null |
	    sed -n 's/^{"id":\([0-9]*\),.*/\1/p')" -- "$cur")) ;;
	setup) COMPREPLY=($(compgen -W "-n -y --undo -c" -- "$cur")) ;;
	test) COMPREPLY=($(compgen -W "tcp udp" -A hostname -- "$cur")) ;;
	esac
}
complete -F _pfinterceptctl pfinterceptctl
