# Sourced by ./warren and scripts/run.sh with $root set. No process is started on the fast path: an agent runs for
# months and `pod add` is a matter of milliseconds.

# True when nothing that decides what is installed or built is newer than the stamp of the last bootstrap.
is_ready() {
  stamp=$root/node_modules/.warren-ready
  [ -f "$stamp" ] || return 1
  for input in "$root"/package.json "$root"/pnpm-lock.yaml "$root"/pnpm-workspace.yaml "$root"/*/package.json \
    "$root"/packages/*/package.json "$root"/packages/agent/assembly/*.ts "$root"/packages/dashboard/index.html \
    "$root"/packages/dashboard/public/* "$root"/packages/dashboard/src/*.* "$root"/packages/dashboard/src/*/*.* \
    "$root"/packages/common/src/net/*.ts "$root"/packages/common/src/report/*.ts; do
    [ "$input" -nt "$stamp" ] && return 1
  done
  return 0
}

# launch SCRIPT ARG…: becomes the pinned Node on a script of this checkout. Never returns.
launch() {
  script=$1
  shift
  # Absolute: Node's children inherit the cache's path and may live in another directory.
  case $root in
    /*) ;;
    *) root=$PWD/$root ;;
  esac
  if ! is_ready; then
    if command -v node >/dev/null 2>&1; then
      node "$root/scripts/bootstrap.mjs" >&2 || exit $?
    else
      echo "warren: node is not installed; setting up needs Node.js 18 or newer with npm" >&2
      exit 1
    fi
  fi
  for node in "$root"/node_modules/node-linux-*/bin/node; do
    if [ -x "$node" ]; then
      NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$root/.cache/compile} exec "$node" "$root/$script" "$@"
    fi
  done
  echo "warren: no Node.js binary for this machine; Warren runs on Linux on x64 and arm64" >&2
  exit 1
}
