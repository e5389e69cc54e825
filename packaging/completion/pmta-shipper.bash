# Completion of pmta-shipper(8) for bash.  -*- shell-script -*-

_pmta_shipper() {
	local cur prev words cword
	_init_completion || return
	case $prev in
	-c | --config | --verify | --pmta-config)
		_filedir
		return
		;;
	--source | --since | --until) return ;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W "ndjson" -- "$cur")
		return
		;;
	esac
	local choices
	case ${words[1]}/$cword in
	*/1) choices="run check directives parse status dead doctor --help --version" ;;
	run/*) choices="--config --dry-run --help" ;;
	check/*) choices="--config --print --help" ;;
	directives/*) choices="--config --extended --verify --help" ;;
	parse/*)
		if [[ $cur != -* ]]; then
			_filedir
			return
		fi
		choices="--config --source --since --until --format --help"
		;;
	status/*) choices="--config --json --help" ;;
	dead/*) choices="list show --config --raw --help" ;;
	doctor/*) choices="--config --pmta-config --send-test --json --help" ;;
	*) return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$cur")
} && complete -F _pmta_shipper pmta-shipper
