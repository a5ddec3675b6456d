#!/bin/bash
# gpus.sh N: may a pod with N GPUs be created?
kubectl run train --image=registry.example.com/train:1 --dry-run=server -o name --overrides='{"spec": {"containers": [
    {"name": "train", "image": "registry.example.com/train:1", "resources": {"limits": {"memory": "8Gi", "nvidia.com/gpu": "'"$1"'"}}}]}}'
