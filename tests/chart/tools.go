//go:build tools

// Package tools names the programs that the chart is checked with, so that go.mod and go.sum hold all
// that they need. tests/run builds them.
package tools

import (
	_ "github.com/yannh/kubeconform/cmd/kubeconform"
	_ "helm.sh/helm/v3/cmd/helm"
)
