#!/usr/bin/env bash
# Checks $DUMP against $LIMITS and $FLAGS for a job of GitHub Actions: annotations for what is broken,
# a table on the page of the job, and the exit status of `ctstats check`.
set -uo pipefail

arguments=()
if [ -n "$LIMITS" ]; then
    arguments+=(--limits "$LIMITS")
fi
# A line is a flag and, behind a blank, its value.
while read -r flag value; do
    value=${value%$'\r'}
    [ -z "${flag%$'\r'}" ] || arguments+=("${flag%$'\r'}")
    [ -z "$value" ] || arguments+=("$value")
done <<< "$FLAGS"

check() {
    ctstats check ${arguments[@]+"${arguments[@]}"} "$@" -- "$DUMP"
}

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

check --format github 2>"$errors"
exit_status=$?
cat "$errors" >&2
case $exit_status in
    0) status=holds ;;
    3) status=broken ;;
    *)
        status=unchecked
        message=$(cat "$errors")
        message=${message//'%'/%25}
        message=${message//$'\r'/%0D}
        echo "::error title=ctstats check::${message//$'\n'/%0A}"
        ;;
esac
echo "status=$status" >> "$GITHUB_OUTPUT"

if [ -n "$JUNIT" ]; then
    # A dump that cannot be read leaves none; the status tells.
    check --format junit --force -o "$JUNIT" 2>/dev/null
fi

{
    echo "### ctstats check: $status"
    echo
    echo "<pre>"
    check --format table --color never --width 100 2>&1 | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'
    echo "</pre>"
} >> "$GITHUB_STEP_SUMMARY"
exit $exit_status
