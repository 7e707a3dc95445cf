# Sourced: a compiler that can build its own standard library, from Debian's packages, unpacked beside the installed
# one (not installed: rustc-web and rustup exclude each other). The library's dependencies come from crates.io.

[[ $host = x86_64-unknown-linux-gnu ]] || skip "toolchain: written for x86_64-unknown-linux-gnu, this is $host"
command -v apt-get >/dev/null && command -v dpkg >/dev/null || skip "toolchain: needs Debian's apt-get and dpkg"

usr=$target/tsan-toolchain/usr

fetch_toolchain() {
    [[ $(id -u) != 0 ]] || apt-get update -qq || return
    local std llvm
    std=$(apt-cache depends libstd-rust-web-dev | sed -n 's/.* \(libstd-rust-web-[0-9.]*\)$/\1/p' | head -1)
    llvm=$(apt-cache depends "$std" | sed -n 's/.* libllvm\([0-9]*\)$/\1/p' | head -1)
    [[ $std && $llvm ]] || return
    rm -rf "$target/tsan-toolchain"
    mkdir -p "$target/tsan-toolchain"
    (
        cd "$target/tsan-toolchain"
        apt-get -qq download rustc-web libstd-rust-web-dev "$std" rust-web-src "libllvm$llvm" "libclang-rt-$llvm-dev"
        for package in *.deb; do dpkg -x "$package" .; done
        rm -- *.deb
    ) || return
    # rustc looks for the runtime of its own channel; LLVM's own is the same one, built from the same sources.
    cp "$usr/lib/llvm-$llvm/lib/clang/$llvm/lib/linux/libclang_rt.tsan-x86_64.a" \
        "$usr/lib/rustlib/$host/lib/librustc-stable_rt.tsan.a"
}

# Runs a command with that compiler.
instrumentable() {
    RUSTC=$usr/bin/rustc RUSTDOC=$usr/bin/rustdoc RUSTC_BOOTSTRAP=1 \
        LD_LIBRARY_PATH=$usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$@"
}

[[ -f $usr/lib/rustlib/$host/lib/librustc-stable_rt.tsan.a ]] || fetch_toolchain ||
    skip "toolchain: Debian's rustc-web, rust-web-src and what they need cannot be had"
instrumentable "$usr/bin/rustc" --version
