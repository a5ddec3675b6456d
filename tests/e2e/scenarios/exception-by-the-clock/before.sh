#!/bin/bash
# before.sh begins|ends COMMAND: an exception that begins, or ends, some seconds from now; what the command prints before that
# instant. Where the machine is so busy that the instant comes first: again, with one twice as far away.
for seconds in 10 20 40 80; do
    instant=$(($(date +%s) + seconds))
    case $1 in
    begins) ./grant.sh "@$instant" '1 hour' || exit ;;
    ends) ./grant.sh '1 hour ago' "@$instant" || exit ;;
    esac
    printed=$(bash -c "$2" 2>&1)
    [ "$(date +%s)" -ge "$instant" ] || break
done
echo "$printed"
