#!/usr/bin/env python3
"""test/floors.py: the tree explains the system, and this test holds it to that.

Each directory of src/ includes only directories above it in FLOORS, and each
foreign library has one directory that includes it.
"""
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src")
FLOORS = ["base", "crypto", "json", "xml", "li", "x1", "tlog", "record", "law",
          "journal", "state", "net", "home", "x1http"]
PROCESSES = ["keeper", "gate", "auditor", "sim", "cli"]
# Floors that see less than all above them.
PURE = {"base": [], "crypto": ["base"], "json": ["base"], "xml": ["base"],
        "li": ["base", "crypto"], "x1": ["base", "xml", "li"],
        "tlog": ["base", "crypto"],
        "law": ["base", "crypto", "li", "record"]}
LIBRARY = {"jansson": ["json"], "libxml": ["xml"], "event2": ["net"],
           "yaml": ["home"], "openssl": ["crypto", "net"]}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]')


def allowed(here):
    if here in PURE:
        return PURE[here]
    if here in PROCESSES:
        return FLOORS
    return FLOORS[:FLOORS.index(here)]


def complaints():
    for folder, _, files in os.walk(ROOT):
        here = os.path.relpath(folder, ROOT).split(os.sep)[0]
        for name in sorted(files):
            # A test may look around itself more freely than the code.
            if not name.endswith((".c", ".h")) or name.startswith("test-"):
                continue
            path = os.path.join(folder, name)
            if here not in FLOORS + PROCESSES:
                yield "%s: %s is on no floor" % (path, here)
                continue
            for number, line in enumerate(open(path), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                what = match.group(2).split("/")[0].split(".h")[0]
                place = "%s/%s:%d: %s" % (here, name, number, match.group(2))
                if match.group(1) == "<":
                    owners = LIBRARY.get(what)
                    if owners is not None and here not in owners:
                        yield place + ": only in " + ", ".join(owners)
                elif what != here and what not in allowed(here):
                    yield place + ": not above this floor"


found = list(complaints())
print("TAP version 13\n1..1")
for text in found:
    print("#", text)
print("%sok 1 - every include goes up" % ("not " if found else ""))
sys.exit(1 if found else 0)
