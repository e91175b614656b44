#!/usr/bin/env python3
"""test/links.py KEEPER GATE AUDITOR CUSTOS: processes are split by the cost of
compromise, and the split is looked at on the result: what is linked, what is in.
"""
import subprocess
import sys

keeper, gate, auditor, custos = sys.argv[1:5]


def symbols(program):
    out = subprocess.run(["nm", program], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    return {line.split()[-1] for line in out.split("\n") if line.split()}


def libraries(program):
    return subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True,
                          check=True).stdout


WRITER = "journal_append"
COMMAND = "x1_request_write"
CASES = [
    ("the keeper is not linked with libxml2",
     lambda: "libxml2" not in libraries(keeper)),
    ("the keeper has the journal's writer", lambda: WRITER in symbols(keeper)),
    ("nobody else has it",
     lambda: not any(WRITER in symbols(p) for p in (gate, auditor, custos))),
    ("the gate encodes commands", lambda: COMMAND in symbols(gate)),
    ("the auditor has no encoder of a changing command",
     lambda: COMMAND not in symbols(auditor)),
    ("nobody but the keeper opens a vault to write",
     lambda: not any("record_vault_use" in symbols(p)
                     for p in (gate, auditor))),
]

bad = 0
print("TAP version 13\n1..%d" % len(CASES))
for i, (name, holds) in enumerate(CASES, 1):
    ok = holds()
    bad += not ok
    print("%sok %d - %s" % ("" if ok else "not ", i, name))
sys.exit(1 if bad else 0)
