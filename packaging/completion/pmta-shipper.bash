# Completion of pmta-shipper(8) for bash.  -*- shell-script -*-
# Commands and options come from --help, names from the configuration, so that this file never gets
# out of date.

_pmta_shipper_commands() {
	"$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'
}

_pmta_shipper_options() { # PROGRAM COMMAND
	"$1" "$2" --help 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p'
}

# The words that may follow a command, such as "list" and "show": its usage has one form per line.
_pmta_shipper_verbs() { # PROGRAM COMMAND
	"$1" "$2" --help 2>/dev/null |
		sed -n "s/^\(Usage:\|      \) pmta-shipper $2 \([a-z][a-z-]*\).*/\2/p"
}

_pmta_shipper_names() { # source|endpoint CONFIG
	sed -n "s/^[[:blank:]]*$1[[:blank:]]\{1,\}[\"']\{0,1\}\([[:alnum:]._-]*\).*/\1/p" "$2" 2>/dev/null
}

_pmta_shipper() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]}
	local config=/etc/pmta-shipper/pmta-shipper.conf choices i
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i - 1]} in -c | --config) config=${COMP_WORDS[i]} ;; esac
	done
	[[ $cur != -* ]] || prev=
	case $prev in
	--source) choices=$(_pmta_shipper_names source "$config") ;;
	--endpoint | pause | resume) choices=$(_pmta_shipper_names endpoint "$config") ;;
	--format) choices="ndjson octeth-process" ;;
	--kind) choices="unreadable refused partial" ;;
	-c | --config)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	*)
		if ((COMP_CWORD == 1)); then
			choices="$(_pmta_shipper_commands "$program") --help --version"
		elif [[ $cur == -* ]]; then
			choices=$(_pmta_shipper_options "$program" "$command")
		elif ((COMP_CWORD == 2)); then
			choices=$(_pmta_shipper_verbs "$program" "$command")
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
	((${#COMPREPLY[@]} > 0)) || [[ $cur == -* || $prev == --* ]] ||
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
} && complete -o filenames -F _pmta_shipper pmta-shipper
