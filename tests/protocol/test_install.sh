#!/bin/sh
# Installs libatp into a fresh prefix and uses it as a stranger would: every header alone in C and C++, a program
# through pkg-config (shared, static), one through CMake; and libatp.so shows what its headers declare, no more.
# test_install.sh BUILD_FOLDER SOURCE_FOLDER
set -eu

build=$1
source=$2
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

cmake --install "$build" --prefix "$prefix" --component libatp >/dev/null
libdir=$(dirname "$(find "$prefix" -name libatp.so)")
export PKG_CONFIG_PATH="$libdir/pkgconfig"
flags=$(pkg-config --cflags atp)
libs=$(pkg-config --libs atp)
case "$(realpath "$(pkg-config --variable=prefix atp)")" in
"$(realpath "$prefix")") ;;
*)
    echo "atp.pc names another prefix than the one installed to: $(pkg-config --variable=prefix atp)"
    exit 1
    ;;
esac

cd "$prefix/include"
for header in $(find atp -name '*.h'); do
    echo "#include <$header>" >"$prefix/alone.c"
    cp "$prefix/alone.c" "$prefix/alone.cc"
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror $flags -fsyntax-only "$prefix/alone.c"
    c++ -std=c++17 -Wall -Wextra -Werror $flags -fsyntax-only "$prefix/alone.cc"
done

cat >"$prefix/use.c" <<'PROGRAM'
#include <atp/atp.h>
#include <stdio.h>
#include <string.h>
int main(void)
{
    atp_client_options_t options;
    atp_client_t *client = NULL;
    atp_why_t why;
    char id[ATP_MADE_ID_SIZE];
    atp_make_id(id);
    memset(&options, 0, sizeof options);
    options.url = "nonsense";
    options.client = atp_text_of("stranger");
    if (atp_client_open(&options, &client, &why) != ATP_ERR_INVALID) {
        return 1;
    }
    if (strcmp(atp_supply_kind_name(3), "transfer") != 0 || strcmp(atp_explain_name(20), "atp_by_date") != 0) {
        return 2;
    }
    printf("%s %s: %s\n", atp_verdict_name(ATP_BUSY), atp_err_name(ATP_ERR_INVALID), why.text);
    return 0;
}
PROGRAM
cp "$prefix/use.c" "$prefix/use.cc"
cc $flags "$prefix/use.c" -o "$prefix/use_shared" $libs
c++ $flags "$prefix/use.cc" -o "$prefix/use_cc" $libs
cc $flags "$prefix/use.c" -o "$prefix/use_static" "$libdir/libatp.a" -lnng -llmdb -lpthread
for program in use_shared use_cc use_static; do
    LD_LIBRARY_PATH=$libdir "$prefix/$program" | grep -q '^busy invalid: nonsense'
done
pkg-config --libs --static atp | grep -q -- '-latp.*-lnng.*-llmdb'

mkdir "$prefix/project"
cat >"$prefix/project/CMakeLists.txt" <<'PROJECT'
cmake_minimum_required(VERSION 3.20)
project(stranger C)
find_package(atp 0.1 REQUIRED CONFIG)
add_executable(use ../use.c)
target_link_libraries(use PRIVATE atp::atp)
add_executable(use_static ../use.c)
target_link_libraries(use_static PRIVATE atp::atp_static)
PROJECT
cmake -S "$prefix/project" -B "$prefix/project/build" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$prefix/project/build" >/dev/null
"$prefix/project/build/use" >/dev/null
"$prefix/project/build/use_static" >/dev/null

# Functions of the headers, without the inline ones, against the names that are exported.
grep -hoE '\batp_[a-z0-9_]+\(' $(find "$prefix/include" -name '*.h') | tr -d '(' | sort -u >"$prefix/declared"
nm -D --defined-only "$libdir/libatp.so" | awk '{print $3}' | grep -v '^$' | sort -u >"$prefix/exported"
unknown=$(comm -13 "$prefix/declared" "$prefix/exported")
if [ -n "$unknown" ]; then
    echo "libatp.so shows what no header declares: $unknown"
    exit 1
fi
missing=$(grep -hoE '\batp_[a-z0-9_]+\(' "$prefix/include/atp/atp.h" | tr -d '(' | sort -u |
    comm -23 - "$prefix/exported")
if [ -n "$missing" ]; then
    echo "atp.h declares what libatp.so does not show: $missing"
    exit 1
fi
echo "installed from $source: $(wc -l <"$prefix/exported") functions"
