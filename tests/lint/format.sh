#!/bin/bash
# Every C file is as clang-format writes it. To mend: clang-format-14 -i FILE
. "$(dirname "$0")/report.bash"

for file in $(c_files); do
    report "$file: format" "$(clang-format-14 --dry-run -Werror "$file" 2>&1 | head -20)"
done
