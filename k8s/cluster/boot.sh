#!/usr/bin/env bash
# Makes this machine a node, and tells CloudFormation how it went: a broken node is a failed stack.
# cloud-init starts it once; what it prints goes to the console and to boot.log.
set -euo pipefail
cd -- "$(dirname -- "$0")"
set -a
# shellcheck source=/dev/null
. ./node.env
# shellcheck source=/dev/null
. ./versions.env
set +a
part=boot

# The reason ends up in the stack's events. It is cut to what is safe inside a JSON string.
reason() {
    printf '%s: %s.sh: ' "$NODE" "$part"
    tail -n 1 boot.log | tr -cd '[:alnum:] .,:=/_-' | cut -c 1-200
}

tell() {
    local message
    message=$(printf '{"Status":"%s","UniqueId":"%s","Data":"%s","Reason":"%s"}' \
        "$1" "$NODE" "$ROLE" "$(reason)")
    # The address is signed without a content type, so none may be sent.
    curl --fail --silent --show-error --retry 5 --retry-all-errors --max-time 20 \
        --request PUT --header "Content-Type:" --data-binary "$message" "$WAIT_URL"
}

end() {
    local code=$?
    if [ "$code" = 0 ]; then
        tell SUCCESS
    else
        tell FAILURE
    fi
    exit "$code"
}

echo "boot of $NODE as $ROLE" >boot.log
trap end EXIT
for part in prepare "$ROLE"; do
    "./$part.sh" 2>&1 | tee -a boot.log
done
