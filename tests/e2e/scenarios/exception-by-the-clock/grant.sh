#!/bin/bash
# grant.sh FROM UNTIL: two GPUs more between the two, which `date` can read; returns when fairgate has taken them over.
set -e
loaded() { curl -s "http://$FAIRGATE_ADMIN/metrics" | grep '^fairgate_policy_set_info'; }
before=$(loaded)
cat >"$FAIRGATE_POLICIES/exception.yaml" <<END
apiVersion: fairgate.dev/v1alpha1
kind: Exception
metadata: {name: paper}
spec:
  tenants: [deadline]
  grant: {gpus: 2}
  from: $(date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ)
  until: $(date -u -d "$2" +%Y-%m-%dT%H:%M:%SZ)
END
kill -HUP "$FAIRGATE_PID"
for _ in {1..1200}; do
    [ "$(loaded)" != "$before" ] && exit
    sleep 0.1
done
echo "the policy set is still the one before"
exit 1
