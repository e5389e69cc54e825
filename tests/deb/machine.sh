# shellcheck shell=bash
# A Debian system with real systemd in a container of its own, without network.  Source this file.
#
# It is an overlay on a root of roots.sh, which stays unchanged.  A container does not enforce
# AppArmor, MemoryMax and TasksMax (see tests/deb/README).

machine_new() { # NAME ROOT
	m_dir=$PWD/build/machines/$1
	m_root=$m_dir/root
	m_cgroup=pmta-shipper-test-$1-$$
	mkdir -p "$m_dir"
	umount "$m_root" 2>/dev/null || true
	rm -rf "$m_dir"
	mkdir -p "$m_dir"/{upper,work,root}
	mount -t overlay overlay -o "lowerdir=$2,upperdir=$m_dir/upper,workdir=$m_dir/work" "$m_root"
	echo pmta-host >"$m_root/etc/hostname"
	tr -d - </proc/sys/kernel/random/uuid >"$m_root/etc/machine-id"
	mkdir -p "$m_root/var/log/journal"
}

# On a host with cgroups of both versions: systemd's own hierarchy and the unified one.
cgroup_dirs() {
	local top=/sys/fs/cgroup
	if [ -e $top/cgroup.procs ]; then
		echo "$top/$m_cgroup"
	else
		echo "$top/systemd/$m_cgroup $top/unified/$m_cgroup"
	fi
}

machine_boot() {
	local dir
	for dir in $(cgroup_dirs); do
		mkdir -p "$dir"
	done
	(
		for dir in $(cgroup_dirs); do
			echo $BASHPID >"$dir/cgroup.procs"
		done
		SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet --boot \
			--directory="$m_root" --machine="$m_cgroup" --register=no \
			--keep-unit --private-network --console=pipe --link-journal=no \
			--resolv-conf=off --timezone=off --kill-signal=SIGRTMIN+3 </dev/null >>"$m_dir/console.log" 2>&1
	) &
	m_pid=$!
	m_leader=
	until_true 20 find_leader && until_true 40 machine_running
}

find_leader() {
	m_leader=$(pgrep -P "$m_pid" | head -n1)
	[ -n "$m_leader" ] && in_machine true 2>/dev/null
}

in_machine() {
	nsenter --target "$m_leader" --all env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
		HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}

# Waits until the machine has shut down.
machine_gone() {
	wait "$m_pid" 2>/dev/null || true
	m_pid=
}

machine_end() {
	local dir
	if [ -n "${m_pid-}" ]; then
		kill -KILL ${m_leader:+"$m_leader"} "$m_pid" 2>/dev/null || true
		machine_gone
	fi
	if [ -n "${m_root-}" ]; then
		umount "$m_root" 2>/dev/null || umount -l "$m_root" 2>/dev/null || true
		for dir in $(cgroup_dirs); do
			until_true 5 cgroup_removed "$dir" || true
		done
	fi
}

# The machine's processes may take a moment to end.
cgroup_removed() { # DIR
	[ ! -d "$1" ] || find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null
	[ ! -d "$1" ]
}

until_true() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

machine_running() {
	in_machine systemctl is-system-running --quiet 2>/dev/null
}
