#!/usr/bin/env python3
"""test/e2e/demo.py CUSTOS: the demo as a test; each row of its table a case."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
VERIFY = os.path.join(HERE, "..", "interop", "verify.py")


def demo(folder):
    home = os.path.join(folder, "op")
    out = subprocess.run([sys.argv[1], "demo", "--once", "--dir", home,
                          "--second", VERIFY], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=240)
    rows = [line.strip() for line in out.stdout.split("\n")
            if line.strip().startswith("-> ")]
    print("TAP version 13")
    for i, row in enumerate(rows, 1):
        ok = row.startswith("-> as it must be")
        print("%sok %d - %s" % ("" if ok else "not ", i, row[3:]))
    good = out.returncode == 0 and "all as it must be in" in out.stdout
    print("%sok %d - the demo ends well" % ("" if good else "not ",
                                            len(rows) + 1))
    print("1..%d" % (len(rows) + 1))
    if not good:
        for line in out.stdout.split("\n"):
            print("#", line)
        for name in ("keeper", "gate", "auditor", "ne-1", "ne-2"):
            path = os.path.join(home, name, "run", "log")
            if os.path.exists(path):
                for line in open(path, errors="replace"):
                    print("# %s: %s" % (name, line.rstrip()))
    return 0 if good else 1


def main():
    folder = tempfile.mkdtemp(prefix="cu-", dir="/tmp")
    try:
        return demo(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
