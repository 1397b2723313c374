#!/usr/bin/env python3
"""One build of the dependencies must serve the tests, the command line and the notebooks.

Cargo compiles a crate anew for every set of features asked of it, and it asks
for different sets depending on which packages it builds together. The package
`kernel/features` asks for the union of them all. This program compares what
cargo would build for each selection and fails when a dependency would be
compiled twice; `--write` renews the package's manifest.
"""

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "kernel/features/Cargo.toml"
MARK = "# Written by `.ci/features.py --write`.\n"

SELECTIONS = {
    "cargo test --workspace": ["test", "--workspace"],
    "cargo build -p trailbook": ["build", "-p", "trailbook"],
    "notebook template": ["build", "-p", "trailbook-notebook"],
    "cargo run -p trailbook-kernel": ["build", "-p", "trailbook-kernel"],
}


def units(arguments):
    """The dependency units of a build: {(package, kind, platform, mode): {(features, profile)}}."""
    graph = json.loads(
        subprocess.run(
            ["cargo", *arguments, "--unit-graph", "-Zunstable-options"],
            cwd=ROOT,
            env={**os.environ, "RUSTC_BOOTSTRAP": "1"},
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
    )
    found = {}
    for unit in graph["units"]:
        if unit["pkg_id"].startswith("path+"):
            continue
        key = (unit["pkg_id"], ",".join(unit["target"]["kind"]), unit["platform"], unit["mode"])
        profile = json.dumps({**unit["profile"], "name": None}, sort_keys=True)
        found.setdefault(key, set()).add((tuple(sorted(unit["features"])), profile))
    return found


def name_and_version(package):
    name, version = re.search(r"([^/#@]+)[#@]([^#@]+)$", package).groups()
    return name, version


def measure():
    built = {name: units(arguments) for name, arguments in SELECTIONS.items()}
    everything = {}
    for found in built.values():
        for key, variants in found.items():
            everything.setdefault(key, set()).update(variants)
    return built, everything, {key: variants for key, variants in everything.items() if len(variants) > 1}


def main():
    if "--write" in sys.argv:
        write()
    built, everything, twice = measure()
    for (package, kind, platform, mode), variants in sorted(twice.items(), key=str):
        print(f"{package} ({kind}, {platform or 'host'}, {mode}) would be built {len(variants)} times:")
        for features, _ in variants:
            where = [name for name, found in built.items() if any(f == features for f, _ in found.get((package, kind, platform, mode), ()))]
            print(f"  {','.join(features) or '-'}: {'; '.join(where)}")
    if twice:
        print(f"{len(twice)} units would be built more than once: run .ci/features.py --write and commit {MANIFEST.relative_to(ROOT)}")
        sys.exit(1)
    print(f"each of {len(everything)} dependency units is built once")


def write():
    """Renews the manifest from nothing: asking for more features can bring in crates that differ in turn."""
    sections = {"dependencies": {}, "build-dependencies": {}}
    render(sections)
    while True:
        before = copy.deepcopy(sections)
        for (package, kind, platform, mode), variants in measure()[2].items():
            if mode != "build" or "custom-build" in kind or len({features for features, _ in variants}) < 2:
                continue
            section = sections["dependencies" if platform else "build-dependencies"]
            union = set().union(*(set(features) for features, _ in variants))
            section.setdefault(name_and_version(package), set()).update(union)
        if sections == before:
            return
        render(sections)


def render(sections):
    text = MANIFEST.read_text().split(MARK)[0] + MARK
    for title, crates in sections.items():
        if not crates:
            continue
        text += f"\n[{title}]\n"
        names = [name for name, _ in crates]
        for (name, version), features in sorted(crates.items()):
            features = sorted(f for f in features if not f.startswith("dep:"))
            key, rename = name, ""
            if names.count(name) > 1:
                key, rename = f"{name}-{version.replace('.', '-')}", f'package = "{name}", '
            listed = ", ".join(f'"{f}"' for f in features)
            text += f'{key} = {{ {rename}version = "{version}", default-features = false, features = [{listed}] }}\n'
    MANIFEST.write_text(text)


if __name__ == "__main__":
    main()
