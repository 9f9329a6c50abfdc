#!/usr/bin/env bash
# Waits for the control plane's ticket and joins.
set -euo pipefail
umask 077

echo "waiting for the ticket $PARAMETER"
ticket=$(./ticket.py get "$PARAMETER" --seconds 1200)
read -r TOKEN CA_HASH <<<"$ticket"
export TOKEN CA_HASH
# The braces are names for envsubst, which fills in these and no others.
# shellcheck disable=SC2016
envsubst '${TOKEN} ${CA_HASH} ${API} ${NODE} ${ADDRESS}' <kubeadm-join.yaml >/run/kubeadm-join.yaml
kubeadm join --config /run/kubeadm-join.yaml
rm /run/kubeadm-join.yaml
echo "joined"
