#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Print the directory that holds the kselftest headers of linux-source-6.12.
#
# No Debian package installs them as files: they are only inside the source
# tarball, which takes seconds to decompress. So they are unpacked once into the
# cache, under the version of the package, and checked against their checksums
# each time. A directory appears under its final name only when it is whole.

set -eu

package=linux-source-6.12
tarball=/usr/src/$package.tar.xz
directory=tools/testing/selftests

say()
{
	echo "selftests: $*" >&2
}

installed_version()
{
	dpkg-query -W -f '${db:Status-Abbrev}${Version}\n' "$package" \
		2>/dev/null | sed -n 's/^ii *//p'
}

install_package()
{
	if [ "$(id -u)" -ne 0 ]; then
		say "missing: type  sudo apt-get install $package"
		exit 1
	fi
	say "installing $package"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends "$package" >&2 ||
		{ apt-get update -qq >&2 &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends "$package" >&2; }
}

intact()
{
	[ -s "$1/SHA256SUMS" ] &&
		(cd "$1" && sha256sum --status --strict -c SHA256SUMS 2>/dev/null)
}

unpack()
{
	say "unpacking the kselftest headers of $package $version"
	(cd "$1" && xz -dc -T0 "$tarball" |
		tar -x --strip-components=1 \
			"$package/$directory/kselftest.h" \
			"$package/$directory/kselftest_harness.h" \
			"$package/$directory/kselftest/runner.sh" \
			"$package/$directory/kselftest/prefix.pl" &&
		find "$directory" -type f -exec sha256sum {} + >SHA256SUMS)
}

version=$(installed_version)
if [ -z "$version" ] || [ ! -r "$tarball" ]; then
	install_package
	version=$(installed_version)
fi

cache=${XDG_CACHE_HOME:-$HOME/.cache}/zcopy
entry=$cache/kselftest-$version

if ! intact "$entry"; then
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/kselftest.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	unpack "$work"
	rm -rf "$entry"
	# Another make may have been faster: then its copy is as good.
	mv -T "$work" "$entry" 2>/dev/null || intact "$entry"
fi

echo "$entry/$directory"
