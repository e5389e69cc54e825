# Completion of pmta-shipper(8) for bash.  -*- shell-script -*-

# The names of the sources or endpoints in the configuration, which -c may name.
_pmta_shipper_names() {
	local i conf=/etc/pmta-shipper/pmta-shipper.conf
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} != -c && ${COMP_WORDS[i]} != --config ]] || conf=${COMP_WORDS[i + 1]/#\~/$HOME}
	done
	sed -n "s/^[[:blank:]]*$1[[:blank:]]\{1,\}[\"']\{0,1\}\([[:alnum:]._-]*\).*/\1/p" "$conf" 2>/dev/null
}

_pmta_shipper() {
	local cur prev words cword
	_init_completion || return
	case $prev in
	--source)
		mapfile -t COMPREPLY < <(compgen -W "$(_pmta_shipper_names source)" -- "$cur")
		return
		;;
	--endpoint)
		mapfile -t COMPREPLY < <(compgen -W "$(_pmta_shipper_names endpoint)" -- "$cur")
		return
		;;
	-c | --config | --since | --until)
		[[ $prev != -c && $prev != --config ]] || _filedir
		return
		;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W "ndjson" -- "$cur")
		return
		;;
	esac
	local choices
	case ${words[1]}/$cword in
	*/1) choices="run check directives parse status dead import-sincedb import-logstash --help --version" ;;
	run/*) choices="--config --dry-run --help" ;;
	check/*) choices="--config --print --help" ;;
	directives/*) choices="--config --extended --help" ;;
	parse/*)
		if [[ $cur != -* ]]; then
			_filedir
			return
		fi
		choices="--config --source --since --until --format --help"
		;;
	status/*) choices="--config --json --help" ;;
	dead/*) choices="list show --config --raw --help" ;;
	import-sincedb/* | import-logstash/*)
		if [[ $cur != -* ]]; then
			_filedir
			return
		fi
		choices="--config --help"
		[[ ${words[1]} == import-logstash ]] || choices+=" --dry-run --back"
		;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
} && complete -F _pmta_shipper pmta-shipper
