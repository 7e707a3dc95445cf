# Sourced by .ci/run and ci/deep: runs checks one after the other, times them, and closes with a list of all.
#
#   step NAME COMMAND...     a check passes with status 0 and fails with any other but 77: it could not run at all
#   closing                  the list; fails if a check failed
#
# A check that leaves something out says "SKIPPED: what: why" on a line of its own; these are listed again.

target=${CARGO_TARGET_DIR:-target}
logs=$target/ci
mkdir -p "$logs"
closing_list=()
passed=0 failed=0 skipped=0

step() {
    local name=$1 began=$SECONDS status=0 verdict
    shift
    printf '\n==> %s: %s\n' "$name" "$*"
    "$@" 2>&1 </dev/null | tee "$logs/$name.log" || status=$?
    case $status in
        0) verdict=passed; passed=$((passed + 1)) ;;
        77) verdict=skipped; skipped=$((skipped + 1)) ;;
        *) verdict="FAILED ($status)"; failed=$((failed + 1)) ;;
    esac
    closing_list+=("$(printf '%-12s %-12s %5d s' "$name" "$verdict" $((SECONDS - began)))")
    printf '==> %s: %s, %d s\n' "$name" "$verdict" $((SECONDS - began))
    local line
    while read -r line; do closing_list+=("    $line"); done < <(grep '^SKIPPED:' "$logs/$name.log" || true)
}

closing() {
    printf '\n==> all checks, %d s\n' "$SECONDS"
    printf '%s\n' "${closing_list[@]}"
    printf 'checks: %d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0))
}
