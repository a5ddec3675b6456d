#!/bin/bash
# resize.sh CPUS: of the pod that runs.
kubectl patch pod train --subresource resize \
    -p '{"spec":{"containers":[{"name":"main","resources":{"requests":{"cpu":"'"$1"'"},"limits":{"cpu":"'"$1"'"}}}]}}'
