# The Debian package.  Included by the Makefile.
#
#   make deb                    build/deb/pmta-shipper_VERSION_ARCH.deb, and the source package
#   make check-deb              the checks of tests/deb/README: lint, clean builds, a booted Debian
#   make install-systemd        make install, and unit, user and completions for PREFIX
#   make release VERSION=x.y.z  check, stamp CHANGELOG.md with version and date, build, checksums

PACKAGES_DEB := $(PACKAGES) build-essential debhelper dh-apparmor libcmocka-dev python3
PACKAGES_CHECK_DEB := $(PACKAGES_DEB) lintian devscripts blhc piuparts mmdebstrap apparmor \
	systemd-container openssl shellcheck zsh bash-completion debian-archive-keyring

.PHONY: deb check-deb install-systemd release
deb:
	$(call install_packages,$(PACKAGES_DEB))
	@rm -rf build/deb/pmta-shipper[-_]*
	@DEB_BUILD_OPTIONS="$${DEB_BUILD_OPTIONS-nocheck}" packaging/deb/build . build/deb
	@ls build/deb/*.deb build/deb/*.dsc

check-deb:
	$(call install_packages,$(PACKAGES_CHECK_DEB))
	@tests/deb/run

install-systemd: install
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's,/usr/bin/pmta-shipper,$(PREFIX)/bin/pmta-shipper,' packaging/deb/pmta-shipper.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/pmta-shipper.service
	install -D -m 644 packaging/deb/pmta-shipper.sysusers \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/pmta-shipper.conf
	install -D -m 644 packaging/completion/pmta-shipper.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/pmta-shipper
	install -D -m 644 packaging/completion/_pmta-shipper \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_pmta-shipper

release:
	@packaging/deb/release "$(VERSION)"
