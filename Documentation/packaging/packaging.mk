# SPDX-License-Identifier: GPL-2.0
# Part of the top-level Makefile: the documents, and what an installation has
# besides "make install". With DESTDIR, files are put in place and nothing runs.

.PHONY: docs dkms-install udev-install

version		= $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' module/main.c)
dkms_source	= $(DESTDIR)/usr/src/zcopy-$(version)

docs: ## build/docs/: the documents and man pages as HTML
	@$(need) docs
	@mkdir -p build/docs/benchmark
	@cp Documentation/benchmark/*.svg build/docs/benchmark
	@for text in Documentation/*.rst; do \
		page=$${text##*/}; \
		sed 's/\.rst>`_/.html>`_/g' "$$text" | \
			rst2html5 --report=2 --halt=2 --strip-comments - \
			"build/docs/$${page%.rst}.html" || exit 1; done
	@for text in Documentation/man/*.[1-9]; do \
		mandoc -Thtml "$$text" \
			>"build/docs/$${text##*/}.html" || exit 1; done
	@rm -rf build/docs/benchmark
	@[ ! -d Documentation/benchmark ] || \
		cp -r Documentation/benchmark build/docs/
	@echo "build/docs/index.html"

dkms-install: ## the module through DKMS, made again for each new kernel
	@$(if $(DESTDIR),,$(need) dkms)
	@[ -n '$(DESTDIR)' ] || \
		[ -z "$$(dkms status zcopy/$(version))" ] || \
		dkms remove zcopy/$(version) --all
	rm -rf '$(dkms_source)'
	install -d '$(dkms_source)/module' '$(dkms_source)/uapi/linux'
	install -m 644 Kbuild LICENSE '$(dkms_source)'
	install -m 644 module/*.[ch] '$(dkms_source)/module'
	install -m 644 uapi/linux/*.h '$(dkms_source)/uapi/linux'
	sed 's/#MODULE_VERSION#/$(version)/' Documentation/packaging/dkms.conf \
		>'$(dkms_source)/dkms.conf'
	$(if $(DESTDIR),,dkms install zcopy/$(version))

udev-install: ## members of the group zcopy may use /dev/zcopy
	install -D -m 644 Documentation/packaging/60-zcopy.rules \
		'$(DESTDIR)/etc/udev/rules.d/60-zcopy.rules'
	$(if $(DESTDIR),,getent group zcopy >/dev/null || groupadd --system zcopy)
	$(if $(DESTDIR),,udevadm control --reload)
	$(if $(DESTDIR),,udevadm trigger --subsystem-match=misc --sysname-match=zcopy)
