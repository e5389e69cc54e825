# Completion of pmta-shipper(8) for bash.  -*- shell-script -*-

_pmta_shipper() {
	local cur prev words cword
	_init_completion || return
	case $prev in
	-c | --config | --pmta-log | --source | --since | --until | --from | --to | --pattern | --older-than)
		[[ $prev != -c && $prev != --config && $prev != --pmta-log ]] || _filedir
		return
		;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W "ndjson octeth-process" -- "$cur")
		return
		;;
	esac
	local choices
	case ${words[1]}/$cword in
	*/1) choices="run check directives parse status dead replay reconcile trace archives --help --version" ;;
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
	replay/*)
		if [[ $cur != -* ]]; then
			_filedir
			return
		fi
		choices="--config --since --until --dry-run --restart --help"
		;;
	reconcile/*) choices="--config --pmta-log --pattern --from --to --help" ;;
	trace/*) choices="--config --raw --json --help" ;;
	archives/*) choices="--config --acknowledged --older-than -0 --help" ;;
	status/*) choices="--config --json --help" ;;
	dead/*) choices="list show --config --raw --help" ;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
} && complete -F _pmta_shipper pmta-shipper
