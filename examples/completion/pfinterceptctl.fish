# fish completion for pfinterceptctl(8)
complete -c pfinterceptctl -f
complete -c pfinterceptctl -s f -r -d 'configuration'
complete -c pfinterceptctl -s s -r -d 'control socket'
complete -c pfinterceptctl -s j -d 'print JSON'
complete -c pfinterceptctl -s h -d 'list options and verbs'
complete -c pfinterceptctl -s V -d 'print the version'
set -l verbs anchor connections dns doctor events kill pause proxies reload resume rules setup stats status test top
complete -c pfinterceptctl -n "not __fish_seen_subcommand_from $verbs" -a "$verbs"
complete -c pfinterceptctl -n '__fish_seen_subcommand_from connections' -s w -d 'go on with new ones'
complete -c pfinterceptctl -n '__fish_seen_subcommand_from connections' -l all -d 'those that bypass us, too'
complete -c pfinterceptctl -n '__fish_seen_subcommand_from setup' -s n -d 'only show'
complete -c pfinterceptctl -n '__fish_seen_subcommand_from setup' -s y -d 'do not ask'
complete -c pfinterceptctl -n '__fish_seen_subcommand_from setup' -l undo -d 'take it out'
complete -c pfinterceptctl -n '__fish_seen_subcommand_from test' -a 'tcp udp'
