#!/bin/bash
# The controller that makes claims for PodGroups is alpha, and off in the control plane: one more of it.
# controller.sh: until controller.sh stop.
file=$FAIRGATE_POLICIES.controller
if [ "$1" = stop ]; then
    kill "$(cat "$file")"
    exit
fi
echo $$ >"$file"
exec "$(dirname "$(readlink -f "$(command -v kubectl)")")/kube-controller-manager" --kubeconfig "$KUBECONFIG" \
    --leader-elect=false --secure-port 0 --controllers resourceclaim-controller \
    --feature-gates GenericWorkload=true,DRAWorkloadResourceClaims=true >/dev/null 2>&1
