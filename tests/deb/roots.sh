# shellcheck shell=bash
# Debian systems in folders, made once: build/roots/NAME.  Source this file in the tree's root.

roots=build/roots

# Prints the mirror this machine gets its packages from.
mirror() {
	# shellcheck disable=SC2016 # apt fills it in
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' |
		head -n1
}

# Prints the dependencies of a package, separated by commas; of alternatives, the first one.
depends_of() { # DEB
	dpkg-deb -f "$1" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/ //g'
}

build_depends_of() { # CONTROL
	sed -n '/^Build-Depends:/,/^[^ ]/p' "$1" | sed '/^[^ ]/d; s/<[^>]*>//; s/([^)]*)//; s/ //g' |
		tr -d '\n' | sed 's/debhelper-compat/debhelper/; s/,$//'
}

# Prints the folder of a system with these packages; it is made again when the list changes.
root_of() { # NAME SUITE VARIANT PACKAGES
	local dir lists
	dir=$roots/$1.$(printf '%s' "$2 $3 $4" | md5sum | cut -c1-8)
	if [ ! -e "$dir/.complete" ]; then
		rm -rf "$roots/$1".*
		mkdir -p "$roots"
		lists="deb $(mirror) $2 main"
		mmdebstrap --mode=root --variant="$3" --include="$4" \
			--keyring=/usr/share/keyrings --dpkgopt='path-exclude=/usr/share/locale/*' \
			"$2" "$dir" "$lists" >"$roots/$1.log" 2>&1 || {
			tail -n 20 "$roots/$1.log" >&2
			return 1
		}
		touch "$dir/.complete"
	fi
	realpath "$dir"
}
