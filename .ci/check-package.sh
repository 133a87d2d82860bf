#!/usr/bin/env bash
# Packs the package, installs it into an empty folder as a user does, and uses it: the command, the library, and its types.
# Needs a registry for the dependencies. Not part of CI.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$root"
tarball=$(npm pack --silent --pack-destination "$folder" | tail -1)
bytes=$(wc -c < "$folder/$tarball")
echo "$tarball: $bytes bytes"
[ "$bytes" -lt $((30 * 1024 * 1024)) ] || { echo 'larger than 30 MB'; exit 1; }

mkdir "$folder/user" && cd "$folder/user"
echo '{ "name": "user", "private": true, "type": "module" }' > package.json
npm install --silent --no-audit --no-fund "$folder/$tarball"
npx --no-install hindsight --help > help.txt && grep -q 'hindsight run' help.txt
npx --no-install hindsight run node_modules/hindsight/examples/hello/hello.elf --bios none --quiet | tail -1
(time npx --no-install hindsight demo < /dev/null) 2>&1 | tail -6

# The examples, as a user's own programs: compiled against the package's types, then run.
mkdir library && cp node_modules/hindsight/examples/library/*.ts library
cp -r node_modules/hindsight/examples examples
"$root/node_modules/.bin/tsc" --target es2022 --lib es2023 --module nodenext --strict --skipLibCheck --outDir out \
  --typeRoots "$root/node_modules/@types" --types node library/*.ts
for program in out/*.js; do
  echo "== $(basename "$program")"
  node "$program"
done
