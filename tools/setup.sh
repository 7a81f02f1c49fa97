#!/bin/sh
# Installs what this project needs to run and be tested, and makes .venv. Quiet and fast where nothing is missing.
#
#   sh tools/setup.sh                       all of it
#   sh tools/setup.sh backports-entry DIR   print the bookworm-backports entry made from the apt sources in DIR
#
# QGIS_PYTHON=/path/to/python names the Python that has the qgis module; then nothing is installed by apt.
set -eu
cd "$(dirname "$0")/.."

LOG=build/log/setup.log
STAMP=.venv/.setup-stamp
PYQT6=.venv/pyqt6
REQUIREMENTS="tools/requirements-dev.txt tools/requirements-pyqt6.txt"
# Servers for the contract tests, each in a virtual environment of its own: tools/requirements-NAME.txt.
SERVERS="pygeoapi tipg django-sta"
QGIS_PACKAGES="qgis python3-qgis qgis-providers qgis-server"
PACKAGES="python3-venv python3-geopandas python3-requests python3-gdal gdal-bin
  libqca-qt5-2-plugins libqt5sql5-sqlite xvfb libgl1-mesa-dri fonts-dejavu-core fonts-open-sans mosquitto"
case $(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}") in
  bookworm) PACKAGES="$PACKAGES postgresql-15-postgis-3" ;;
  *) PACKAGES="$PACKAGES postgresql-postgis" ;;
esac

say() { printf '%s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

# -- apt sources ------------------------------------------------------------------------------------------------

# A deb822 stanza for bookworm-backports, made from the machine's own entry for bookworm: same server, same key.
backports_entry() {
  for file in "$1"/sources.list.d/*.sources; do
    [ -f "$file" ] && entry_of_sources "$file" && return 0
  done
  for file in "$1"/sources.list "$1"/sources.list.d/*.list; do
    [ -f "$file" ] && entry_of_list "$file" && return 0
  done
  return 1
}

entry_of_sources() {
  sed -e '/^#/d' "$1" | awk '
    BEGIN { RS = ""; FS = "\n"; code = 1 }
    {
      kept = ""; types = suites = uris = components = ""; enabled = "yes"; name = ""
      for (i = 1; i <= NF; i++) {
        if ($i !~ /^[ \t]/) {
          name = tolower($i); sub(/:.*/, "", name)
          value = $i; sub(/^[^:]*:[ \t]*/, "", value)
        } else value = $i
        if (name == "types") types = types " " value
        else if (name == "suites") suites = suites " " value
        else if (name == "enabled") enabled = tolower(value)
        else {
          if (name == "uris") uris = uris " " value
          if (name == "components") components = components " " value
          kept = kept $i "\n"
        }
      }
      if (enabled == "no" || (types " ") !~ / deb / || (suites " ") !~ / (bookworm|oldstable) /) next
      if (uris ~ /cdrom:/ || (components " ") !~ / main /) next
      printf "Types: deb\nSuites: bookworm-backports\n%s", kept
      code = 0; exit
    }
    END { exit code }'
}

entry_of_list() {
  sed -e 's/#.*//' "$1" | awk '
    BEGIN { code = 1 }
    $1 == "deb" {
      line = $0; options = ""
      sub(/^[ \t]*deb[ \t]+/, "", line)
      if (line ~ /^\[/) {
        options = line; sub(/^\[[ \t]*/, "", options); sub(/[ \t]*\].*/, "", options)
        sub(/^[^]]*\][ \t]*/, "", line)
      }
      n = split(line, word, /[ \t]+/)
      if (word[1] ~ /^cdrom:/ || (word[2] != "bookworm" && word[2] != "oldstable")) next
      components = ""
      for (i = 3; i <= n; i++) if (word[i] != "") components = components " " word[i]
      if ((components " ") !~ / main /) next
      printf "Types: deb\nURIs: %s\nSuites: bookworm-backports\nComponents:%s\n", word[1], components
      m = split(options, option, /[ \t]+/)
      for (i = 1; i <= m; i++) {
        key = option[i]; value = option[i]; sub(/=.*/, "", key); sub(/^[^=]*=/, "", value); gsub(/,/, " ", value)
        if (key == "signed-by") print "Signed-By: " value
        else if (key == "arch") print "Architectures: " value
        else if (key == "trusted") print "Trusted: " value
      }
      code = 0; exit
    }
    END { exit code }'
}

# -- the system's packages ----------------------------------------------------------------------------------------

is_3_40() { dpkg --compare-versions "${1#*:}" ge 3.40; }

# The packages of PACKAGES and QGIS_PACKAGES that are not installed, or where QGIS is too old.
missing_packages() {
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package} ${Version}\n' $QGIS_PACKAGES $PACKAGES 2>/dev/null || :)
  for package in $QGIS_PACKAGES $PACKAGES; do
    version=$(printf '%s\n' "$installed" | sed -n "s/^installed $package //p" | head -n 1)
    [ -n "$version" ] || { say "$package"; continue; }
    case " $QGIS_PACKAGES " in *" $package "*) is_3_40 "$version" || say "$package" ;; esac
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif [ -t 0 ]; then sudo "$@"
  else sudo -n "$@"
  fi
}

logged() {
  title=$1; shift
  from=$(date +%s)
  if "$@" >>"$LOG" 2>&1 </dev/null; then
    say "setup: $title ($(($(date +%s) - from)) s)"
  else
    tail -n 25 "$LOG" >&2
    fail "Setup stopped at: $title. The whole log is in $LOG."
  fi
}

offered_qgis() { apt-cache madison qgis 2>/dev/null | awk -F'|' '{ gsub(/ /, "", $2); print $2 }'; }

offers_3_40() {
  for version in $(offered_qgis); do is_3_40 "$version" && return 0; done
  return 1
}

add_backports() {
  entry=$(backports_entry /etc/apt) || return 1
  printf '%s\n' "$entry" | as_root tee /etc/apt/sources.list.d/citytwin-backports.sources >/dev/null
}

install_packages() {
  missing=$*
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
    fail "These packages are missing and only root can install them: $missing (QGIS 3.40 or newer; on Debian 12 it is in bookworm-backports)."
  say "setup: installing $missing"
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  logged "read the package lists" as_root apt-get update -q
  case " $missing " in *qgis*)
    if ! offers_3_40 && [ "$codename" = bookworm ]; then
      add_backports ||
        fail "QGIS 3.40 is in bookworm-backports, but no apt source for bookworm was found to take its server from: add bookworm-backports by hand."
      logged "added bookworm-backports, as the machine's bookworm entry has it" as_root apt-get update -q
    fi
    offers_3_40 ||
      fail "This system's package archive has no QGIS 3.40 or newer: install it as qgis.org describes, or name its Python in QGIS_PYTHON."
    ;;
  esac
  release=; [ "$codename" != bookworm ] || release="-t bookworm-backports"
  wanted_qgis=; wanted=
  for package in $missing; do
    case " $QGIS_PACKAGES " in
      *" $package "*) wanted_qgis="$wanted_qgis $package" ;;
      *) if apt-cache show "$package" >/dev/null 2>&1; then wanted="$wanted $package"; else say "setup: $package is not offered here, going on without it"; fi ;;
    esac
  done
  # shellcheck disable=SC2086
  [ -z "$wanted_qgis" ] || logged "installed$wanted_qgis" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends $release $wanted_qgis
  # shellcheck disable=SC2086
  [ -z "$wanted" ] || logged "installed$wanted" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends $wanted
}

# -- Python -------------------------------------------------------------------------------------------------------

has_qgis() { "$1" -c 'import sys; from qgis.core import Qgis; sys.exit(Qgis.QGIS_VERSION_INT < 34000)' >/dev/null 2>&1; }

find_python() {
  for candidate in ${QGIS_PYTHON:-/usr/bin/python3 python3}; do
    command -v "$candidate" >/dev/null 2>&1 && has_qgis "$candidate" && { command -v "$candidate"; return 0; }
  done
  return 1
}

make_venv() {
  python=$(find_python) ||
    fail "No Python with QGIS 3.40 or newer was found: install QGIS 3.40 LTR with its Python bindings, or name its Python in QGIS_PYTHON."
  command -v "${QGIS:-qgis}" >/dev/null ||
    fail "The QGIS application itself was not found: install QGIS 3.40 LTR, or name its program in QGIS."
  rm -f "$STAMP"
  [ -x .venv/bin/python ] && .venv/bin/python -c 'import qgis' 2>/dev/null ||
    logged "made .venv from $python" "$python" -m venv --clear --system-site-packages .venv
  # --no-deps: the list is complete, and nothing may shadow the versions that QGIS itself was built with.
  logged "installed the pinned development tools" .venv/bin/python -m pip install -q --disable-pip-version-check \
    --no-deps -r tools/requirements-dev.txt
  rm -rf "$PYQT6"
  logged "fetched PyQt6's names" .venv/bin/python -m pip install -q --disable-pip-version-check \
    --no-deps --target "$PYQT6" -r tools/requirements-pyqt6.txt
  # pyproj looks for its data under sys.prefix, which in a virtual environment is .venv.
  data=$("$python" -c 'import pyproj; print(pyproj.datadir.get_data_dir())' 2>/dev/null || :)
  if [ -n "$data" ]; then mkdir -p .venv/share && ln -sfn "$data" .venv/share/proj; fi
  stamp >"$STAMP"
}

server_venv() {
  venv=.venv/servers/$1
  wanted=$(cksum <"tools/requirements-$1.txt")
  [ "$(cat "$venv/.setup-stamp" 2>/dev/null)" != "$wanted" ] || return 0
  mkdir -p "$(dirname "$LOG")"
  logged "made $venv" .venv/bin/python -m venv --clear "$venv"
  logged "installed $1" "$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps \
    -r "tools/requirements-$1.txt"
  printf '%s\n' "$wanted" >"$venv/.setup-stamp"
}

# shellcheck disable=SC2086
stamp() { cat tools/setup.sh $REQUIREMENTS | cksum; }

if [ "${1:-}" = backports-entry ]; then
  backports_entry "$2"
  exit
fi

if [ -z "${QGIS_PYTHON:-}" ] && command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    mkdir -p "$(dirname "$LOG")"; : >"$LOG"
    # shellcheck disable=SC2086
    install_packages $missing
  fi
fi
if [ ! -x .venv/bin/python ] || [ "$(cat "$STAMP" 2>/dev/null)" != "$(stamp)" ]; then
  mkdir -p "$(dirname "$LOG")"; : >"$LOG"
  make_venv
fi
for server in $SERVERS; do server_venv "$server"; done
