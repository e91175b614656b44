#!/usr/bin/env python3
"""audit_nm.py AUDITOR OTHER LIB...: the auditor cannot write what it must not.

No symbol that a LIB defines (the encoder of changing commands, the journal)
may stand in AUDITOR.  OTHER is a program that does contain the first LIB: it
shows that this test can see.
"""
import subprocess
import sys


def symbols(path):
    out = subprocess.run(["nm", "--defined-only", path], check=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         text=True).stdout
    rows = [line.split() for line in out.splitlines()]
    return {r[2] for r in rows if len(r) == 3 and r[1] == "T"}


auditor, other, libs = sys.argv[1], sys.argv[2], sys.argv[3:]
mine, theirs = symbols(auditor), symbols(other)
print("TAP version 13\n1..%d" % (len(libs) + 1))
seen = symbols(libs[0]) & theirs
print("%sok 1 - the encoder is seen where it is (%d)" %
      ("" if seen else "not ", len(seen)))
bad = not seen
for i, lib in enumerate(libs, 2):
    defined = symbols(lib)
    found = sorted(defined & mine)
    for name in found:
        print("# %s is in the auditor" % name)
    good = defined and not found
    print("%sok %d - %s" % ("" if good else "not ", i, lib.split("/")[-1]))
    bad = bad or not good
sys.exit(1 if bad else 0)
