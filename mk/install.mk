# Installing.
MANPAGES := $(TOOLS:%=$(BUILD)/man/%.1)
.PHONY: install man
$(BUILD)/man/%.1: $(BUILD)/%
	@mkdir -p $(@D)
	help2man --no-info --section=1 --version-string=$(VERSION) \
	  --name="$$($< --help | sed '/^$$/q' | tr '\n' ' ' | sed 's/^[^:]*: //; s/ *$$//')" -o $@ $<

man: $(MANPAGES)  ## man pages, from each tool's own --help

install: all  ## install tools, man pages and the mini base under PREFIX
	@scripts/install-deps install
	@$(MAKE) --no-print-directory man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/matinee/mini
	install -m 755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(MANPAGES) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(wildcard testdata/mini/*) $(DESTDIR)$(PREFIX)/share/matinee/mini
