#!/bin/bash
# Every header compiles alone. FLAGS: how the compiler is called (from the Makefile).
. "$(dirname "$0")/report.bash"

for file in $(c_files h); do
    # shellcheck disable=SC2086 # FLAGS is many words
    report "$file: compiles alone" "$(echo "#include \"$PWD/$file\"" |
        ${CC:-gcc} $FLAGS -Itests -Wall -Wextra -Werror -fsyntax-only -x c - 2>&1 | head -20)"
done
