# SPDX-License-Identifier: Apache-2.0
# setup.sh: whatever leat needs to build and to be tested: Debian packages, npm packages, the release binary.
#
# Used by: tests/run.sh and examples/quickstart.sh (and tests/bench/run.sh), which source it with $root set and call set_up.
# Always:  - what is there already is left alone, and nothing is said about it;
#          - a step that fails shows its own output, then one sentence, and ends the script with status 1;
#          - $clients names Debian packages, and $client_packages folders with npm packages, that only the caller needs;
#          - no server is left running by a package that was installed here.

# Programs are looked for on the PATH, so that a newer node, cmake or python3 of the user's own is kept.
programs='g++ cmake ninja:ninja-build ccache pkg-config clang git mold redis-server redis-cli:redis-tools
          redis-benchmark:redis-tools python3 node:nodejs npm openssl curl'
libraries='libc6-dev libclang-rt-14-dev libuv1-dev libmsgpack-cxx-dev libspdlog-dev libfmt-dev libtomlplusplus-dev
           libgtest-dev libbenchmark-dev libluajit-5.1-dev lua-cjson-dev libxxhash-dev libjemalloc-dev libsqlite3-dev
           libssl-dev libfuse3-dev liblzf-dev libsimdjson-dev node-llhttp prometheus-cpp-dev'

set_up() {
  work=$(mktemp -d) || exit 1
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  install_packages
  install_clients
  build_release
  rm -rf "$work"
  trap - EXIT INT TERM
}

# Runs a step with its output kept back; a failure shows the output's end and the sentence $1.
step() {
  sentence=$1
  shift
  if "$@" >"$work/log" 2>&1 </dev/null; then return; fi
  tail -n 40 "$work/log" >&2
  echo "leat: $sentence" >&2
  exit 1
}

missing_packages() {
  for each in $programs; do
    command -v "${each%%:*}" >/dev/null 2>&1 || echo "${each##*:}"
  done
  for each in $libraries ${clients:-}; do
    dpkg-query -W -f='${Status}' "$each" 2>/dev/null | grep -q '^install ok installed' || echo "$each"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
  missing=$(missing_packages | sort -u | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "leat: these Debian packages are missing and there is no apt-get to install them: $missing" >&2
    exit 1
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
    echo "leat: these Debian packages are missing; install them as root and run this again: $missing" >&2
    exit 1
  fi
  echo "leat: installing $missing"
  step "apt-get could not fetch the lists of Debian's packages." as_root apt-get -qq update
  # RUNLEVEL=1: outside systemd, invoke-rc.d starts no service in single-user mode.
  # shellcheck disable=SC2086  # one word per package
  step "apt-get could not install the missing Debian packages ($missing)." \
    as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing
  case " $missing" in
    *' redis-server '*) # we wanted the program, not the service
      if [ -d /run/systemd/system ]; then as_root systemctl -q disable --now redis-server || true; fi ;;
  esac
}

install_clients() {
  for folder in examples ${client_packages:-}; do install_npm "$folder"; done
}

install_npm() {
  lock="$root/$1/package-lock.json"
  stamp="$root/$1/node_modules/.installed"
  if [ -f "$stamp" ] && cmp -s "$lock" "$stamp"; then return 0; fi
  echo "leat: installing the npm packages of $1/package-lock.json"
  # Nothing here needs an install script (msgpackr's native half comes ready-made, and is optional).
  step "npm could not install the packages that $1/package-lock.json names." \
    npm ci --prefix "$root/$1" --ignore-scripts --no-audit --no-fund --loglevel=error
  cp "$lock" "$stamp"
}

build_release() {
  if [ ! -f "$root/build/release/build.ninja" ]; then
    echo "leat: configuring the release build"
    step "cmake could not configure the release build." cmake -S "$root" --preset release
  fi
  # ninja's own progress line is worth seeing, but only when there is something to build.
  if (cd "$root" && ninja -C build/release -n 2>/dev/null) | grep -q 'no work to do'; then return 0; fi
  echo "leat: building the release ($(nproc) cores)"
  step "the release build failed." env -C "$root" cmake --build --preset release --parallel "$(nproc)"
}
