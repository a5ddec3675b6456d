#!/bin/bash
# In the folder $PAGE, what docs/install.md says is there before: the chart, the policy set, and values.yaml as it stands there.
cd "$PAGE" || exit
ln -s "$CHART/.." charts
cp -r "$CHART/../../policies/starter" policies
sed -n '/to `values.yaml`:$/,/^```$/p' "$CHART/../../docs/install.md" | sed -n '/^```yaml$/,/^```$/p' | grep -v '^```' > values.yaml
grep -c . values.yaml
