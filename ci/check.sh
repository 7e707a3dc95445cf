# Sourced by every check: strict, at the root of the tree, with the few words that checks have in common.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
[[ $target = /* ]] || target=$PWD/$target
host=$(rustc -vV | sed -n 's/^host: //p')

# Says that a part of this check is left out.
skipped() { echo "SKIPPED: $*"; }

# Leaves the whole check out.
skip() { skipped "$@"; exit 77; }

# Whether a program is there; tries to install its Debian package where one may.
have() {
    local program=$1 package=${2:-$1}
    command -v "$program" >/dev/null && return
    [[ $(id -u) = 0 ]] && command -v apt-get >/dev/null || return
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package"; } >/dev/null 2>&1 || return
    command -v "$program" >/dev/null
}
