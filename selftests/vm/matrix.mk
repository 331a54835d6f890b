# SPDX-License-Identifier: GPL-2.0
#
# make matrix-doc: what can be sent how, from the last "make check".

.PHONY: matrix-doc

matrix-doc: ## Documentation/matrix.rst from the last "make check TESTS=matrix"
	@selftests/vm/matrix-doc build/check Documentation/matrix.rst
