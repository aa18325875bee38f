# Installing, and packages.
.PHONY: install uninstall deb check-deb
# The date in man pages and packages: that of the last commit.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
export VERSION

install: all  ## install tools, man pages, completions and a model to talk with under PREFIX
	@scripts/install-deps install
	scripts/install-tree $(BUILD) "$(PREFIX)" "$(DESTDIR)"

uninstall:  ## remove what `make install` has put under PREFIX
	scripts/install-tree --remove $(BUILD) "$(PREFIX)" "$(DESTDIR)"

DEB := $(BUILD)/matinee_$(VERSION)_$(shell dpkg --print-architecture 2>/dev/null).deb
deb: all  ## a Debian package of the tools, in build/
	@scripts/install-deps deb
	scripts/make-deb $(BUILD)

check-deb: deb  ## install the package in a clean Debian made by debootstrap (as root), use it, remove it
	@scripts/install-deps deb
	scripts/check-deb $(DEB) $(BUILD)
