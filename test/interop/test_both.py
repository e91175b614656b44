#!/usr/bin/env python3
"""test/interop/test_both.py [CUSTOS]: two verifiers, the same logs.

A whole log and each lie of made_log.py is given to `custos log verify` and to
verify.py, without the vault and with it. Both must hold the first and name the
others, but for the lies in UNSEEN: these are the gaps that are known. Whoever
closes one strikes its line: a lie that is seen and stands there is a failure.
Without CUSTOS, verify.py alone.
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from made_log import Made, all_lies                             # noqa: E402
from test_verify import run                                     # noqa: E402

# What one of the two does not see yet, and why.
UNSEEN = {"custos": {
    "late, 2": "a line of a late that has none",
    "finding, 4": "words of findings are not compared",
    "finding, 5": "words of findings are not compared",
    "stop unacknowledged for no reason": "ground of findings is not asked",
    "doubt of nothing": "ground of findings is not asked",
    "silence of nobody": "ground of findings is not asked",
    "missing though heard": "ground of findings is not asked",
    "finding, 8": "ground of findings is not asked",
    "finding, 9": "words of findings are not compared",
    "part 1, 4": "gone what never was there",
    "part 2, 6": "the order of items is not asked",
    "round, 3": "the number of objects is not compared",
    "second round, 1": "the number of objects is not compared",
    "refused, 3": "the rule of a refusal is not compared without the vault",
    "refused, 4": "the rule of a refusal is not compared without the vault",
    "refused, 5": "the rule of a refusal is not compared without the vault",
    "refused, 6": "the rule of a refusal is not compared without the vault",
    "refused, 7": "the rule of a refusal is not compared without the vault",
    "refused, 8": "the rule of a refusal is not compared without the vault",
    "refused, 9": "the rule of a refusal is not compared without the vault",
}, "verify.py": {}}


def first(program):
    def look(folder, genesis, full):
        vault = os.path.join(folder, "vault")
        done = subprocess.run(
            [program, "log", "verify", "--log", os.path.join(folder, "log"),
             "--genesis", genesis] + full * [
                 "--vault", vault, "--vault-key", os.path.join(vault, "key")],
            capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr
    return look


def seen(look, folder, made, clear):
    """None, or what is not right about how this lie was named."""
    for full in (False, True):
        code, text = look(folder, made.genesis, full)
        how = "with the vault: " if full else "without the vault: "
        if code not in (0, 1):
            raise AssertionError(how + text)
        if code != 1 and (full or clear):
            return how + "holds"
        if code == 1 and look is run and (full or clear):
            if made.bad is not None and not re.match(
                    "entry %d: " % made.bad, text):
                return how + "not entry %d: %s" % (made.bad, text)
    return None


def compare(look, program, folder):
    made = Made()
    made.write(folder)
    for full in (False, True):
        code, text = look(folder, made.genesis, full)
        assert code == 0, "a log without a lie: " + text
    wrong, gaps = [], dict(UNSEEN[program])
    for i, (name, tell, clear) in enumerate(all_lies()):
        made = tell()
        here = os.path.join(folder, str(i))
        made.write(here)
        why = seen(look, here, made, clear)
        if name in gaps:
            if why is None:
                wrong.append("%s: seen now, strike it from UNSEEN" % name)
            del gaps[name]
        elif why is not None:
            wrong.append("%s: %s" % (name, why.strip()))
    assert not gaps, "no lie has the name of %s" % ", ".join(gaps)
    for line in wrong:
        print("# " + line.replace("\n", "\n# "))
    assert not wrong, "%d lies" % len(wrong)


def main():
    both = [("verify.py", run)]
    if len(sys.argv) > 1:
        both.append(("custos", first(sys.argv[1])))
    bad = 0
    print("TAP version 13\n1..%d" % len(both))
    for i, (name, look) in enumerate(both, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                compare(look, name, folder)
                print("ok %d - %s" % (i, name))
            except Exception as e:                   # a test, so all of them
                bad += 1
                print("# %s: %s\nnot ok %d - %s" % (
                    type(e).__name__, str(e).strip(), i, name))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
