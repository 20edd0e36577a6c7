# shellcheck shell=bash disable=SC2154 # work, cache and mirrors are set by .ci/run
# The parts of .ci/run, in its order. Each runs in a shell of its own with `set -e`, and leaves by `skip REASON`
# where something could not be had.

as_root() { if (($(id -u))); then sudo "$@"; else "$@"; fi; }

# Debian packages by what needs them.
debian=(
  build-essential ca-certificates curl dbus-daemon git jq python3 python3-venv shellcheck xz-utils # all
  prometheus prometheus-alertmanager mariadb-server-core                               # services
  chromium fonts-noto-color-emoji fonts-liberation                                     # browser
  mmdebstrap patchelf rsync file gawk fakeroot zstd bzip2 util-linux iproute2 systemd           # nix
  gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static rustc-web # aarch64
  libstd-rust-web-dev:arm64
)

part_packages() {
  local missing=()
  for package in "${debian[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed' || missing+=("$package")
  done
  if ((${#missing[@]})); then
    as_root dpkg --add-architecture arm64
    as_root apt-get update -qq
    as_root apt-get install -qq -y --no-install-recommends "${missing[@]}" >"$work/apt" || { tail -n 20 "$work/apt"; return 1; }
  fi
  command -v node npm >/dev/null || as_root apt-get install -qq -y --no-install-recommends nodejs npm >"$work/apt"
  echo "${#debian[@]} Debian packages are there"
}

part_tools() {
  # One target folder, so that what the tools share is compiled once; it is not needed afterwards.
  for tool in cargo-deny nixfmt_rs; do
    local program=${tool%_rs}
    command -v "$program" >/dev/null ||
      CARGO_TARGET_DIR=$cache/tools-target cargo install --quiet --locked --root "$cache/tools" "$tool"
    echo "$tool: $("$program" --version)"
  done
  rm -rf "$cache/tools-target"
}

part_format() {
  cargo fmt --all --check
  git ls-files -z '*.nix' | xargs -0 nixfmt --check
  git ls-files -z '.ci/run' '*.sh' | xargs -0 shellcheck --external-sources
}

part_lints() {
  cargo clippy --locked --workspace --all-targets -- --deny warnings
  RUSTDOCFLAGS='--deny warnings' cargo doc --locked --workspace --no-deps --quiet
}

part_deny() {
  cargo deny --all-features check bans licenses sources
  local advisories=$mirrors/rustsec+advisory-db/repo
  if [[ ! -d $advisories ]]; then
    echo "skipped: advisories: no copy of rustsec/advisory-db below $mirrors"
    return
  fi
  # cargo-deny reads a checkout where it would have cloned it: below its db-path, in a folder whose name it tells by
  # missing it, since that holds a hash of the address.
  rm -rf "$work/db" && mkdir "$work/db"
  local url=https://github.com/rustsec/advisory-db
  sed "s#^\[advisories\]#[advisories]\ndb-path = \"$work/db\"\ndb-urls = [\"$url\"]#" deny.toml >"$work/deny.toml"
  local check=(cargo deny --config "$work/deny.toml" --offline --all-features check advisories) folder
  folder=$({ "${check[@]}" 2>&1 || true; } | grep -oE "$work/db/[A-Za-z0-9_-]+" | head -n 1)
  git clone --quiet "$advisories" "$folder"
  git -C "$folder" fetch --quiet origin HEAD
  "${check[@]}"
}

# The command that the README prints behind the comment `# NAME`.
readme_command() { sed -n "s/^\(cargo .*[^ ]\)  *# $1.*/\1/p" README.md | head -n 1; }

part_readme() {
  local tests demo
  tests=$(readme_command 'run the tests') demo=$(readme_command 'run the demo')
  [[ -n $tests && -n $demo ]]
  echo "README: $tests"
  bash -c "$tests" -- 2>&1
  echo "README: $demo"
  cargo build --release --quiet # so that the wait below is for the demo alone
  bash .ci/demo.sh "$demo"
}

# The tests with real programs: Debian's, and those of today where they can be built.
part_services() {
  local path=$PATH
  if [[ -x $VIGIE_SHARED/services/install ]]; then
    local result=0
    "$VIGIE_SHARED/services/install" alertmanager gitea >"$work/services" || result=$?
    ((result == 0 || result == 3)) || return "$result"
    path=$(tail -n 1 "$work/services"):$path
  else
    echo "skipped: no services below $VIGIE_SHARED: Gitea and today's Alertmanager"
  fi
  local kuma=$cache/services/uptime-kuma/2.0.0-dev.0
  # Without the scripts of its packages, which would compile the SQLite that is not used here.
  [[ -x $kuma/node_modules/.bin/uptime-kuma ]] ||
    npm install --loglevel=error --no-save --omit=dev --ignore-scripts --prefix "$kuma" "uptime-kuma@${kuma##*/}" ||
    echo "skipped: npm could not install Uptime Kuma"
  # Debian keeps mariadbd where only root looks.
  path=$path:$kuma/node_modules/.bin:/usr/sbin
  # One after the other: they keep real time.
  PATH=$path cargo test --locked --test it real:: -- --include-ignored --nocapture --test-threads=1
}

part_clients() { bash tests/clients/run; }

part_browser() { bash tests/browser/run; }

nixcheck() { "$VIGIE_SHARED/nixcheck/nixcheck" "$@"; }

# Runs nixcheck; its exit 3 (something could not be had) leaves the part as skipped.
nixcheck_or_skip() {
  local result=0
  nixcheck "$@" || result=$?
  if ((result == 3)); then skip "nixcheck $1 lacks something of this machine, see above"; fi
  return "$result"
}

part_nix() {
  [[ -x $VIGIE_SHARED/nixcheck/nixcheck ]] || skip "no nixcheck below $VIGIE_SHARED"
  local inputs=()
  for input in nix-community+nixpkgs.lib ipetkov+crane numtide+treefmt-nix; do
    if [[ -d $mirrors/$input/repo ]]; then inputs+=("$mirrors/$input/repo"); fi
  done
  # Without copies to read from, what an earlier run put into the cache may do.
  if ((${#inputs[@]})); then nixcheck_or_skip setup "${inputs[@]}"; fi
  nixcheck_or_skip eval
  nixcheck_or_skip render "$work/render"
  for host in "$work"/render/tests/x86_64-linux/*/pi; do
    systemd-analyze verify --man=no --root="$host" vigie.service
    systemd-analyze security --offline=true --threshold=15 --no-pager --root="$host" vigie.service | tail -n 1
  done
  nixcheck_or_skip build '^packages\.x86_64-linux\.'
}

# Unpacks an image and runs the demo in it, with nothing of the host to be seen.
image_demo() { # IMAGE [EMULATOR]
  local root=$work/root
  rm -rf "$root" && mkdir -p "$root" "$work/image"
  tar -xf "$1" -C "$work/image"
  jq -r '.[0].Layers[]' "$work/image/manifest.json" | while read -r layer; do tar -xf "$work/image/$layer" -C "$root"; done
  local config entry
  config=$work/image/$(jq -r '.[0].Config' "$work/image/manifest.json")
  entry=$(jq -r '.config.Entrypoint[0]' "$config")
  [[ $(jq -r .config.User "$config") == 65532:65532 ]]
  jq -r '"\(.architecture), user \(.config.User)"' "$config"
  local emulator=()
  if [[ -n ${2:-} ]]; then
    install -m755 "$(command -v "$2")" "$root/emulator"
    emulator=(/emulator)
  fi
  printf 'image: %d bytes as shipped\n' "$(stat -Lc %s "$1")"
  # A network of its own, in which there is only loopback, and no file but those of the image.
  # shellcheck disable=SC2016 # the inner shell expands it
  as_root timeout 300 unshare --net bash -c 'ip link set lo up && exec chroot --userspec=65532:65532 "$@"' -- \
    "$root" "${emulator[@]}" "$entry" demo --once | tail -n 3
}

part_image() {
  [[ -x $VIGIE_SHARED/nixcheck/nixcheck ]] || skip "no nixcheck below $VIGIE_SHARED"
  nixcheck_or_skip build '^packages\.x86_64-linux\.image(-aarch64)?$' | tee "$work/images"
  local found=0
  for image in image image-aarch64; do
    local file
    file=$(sed -n "s/^ok  *packages\.x86_64-linux\.$image ([^)]*) //p" "$work/images")
    [[ -n $file ]] || continue
    found=$((found + 1))
    if [[ $image == image ]]; then image_demo "$file"; else image_demo "$file" qemu-aarch64-static; fi
  done
  ((found == 2)) || skip "an image was not built, so demo --once was not run from it, see above"
}

part_aarch64() {
  command -v qemu-aarch64-static >/dev/null || skip "no qemu-aarch64-static"
  export RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=$cache/target-aarch64
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
  export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
  # The loader is named to the emulator: with its -L instead, a program that starts a thread hangs here.
  local lib=/usr/aarch64-linux-gnu/lib
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64-static $lib/ld-linux-aarch64.so.1 --library-path $lib"
  # Left out: what starts its own program, which an emulator of one process can't, and the long proofs by random
  # cases, which do not depend on the processor and ran natively.
  cargo test --locked --target aarch64-unknown-linux-gnu --lib -- --skip crash_test --skip happenings \
    --skip properties --skip what_arrives_twice --skip an_event_is_small --skip never_more --skip any_json
}
