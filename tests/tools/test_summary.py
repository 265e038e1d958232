"""tools/test_summary counts every kind of report, and fails for a skipped test under CI=true only."""
import json
import os
import subprocess

from conftest import ROOT

GTEST = """<testsuites><testsuite name="A">
<testcase name="Passes" status="run" result="completed" classname="A"/>
<testcase name="Waits" status="run" result="skipped" classname="A"><skipped message="no model"/></testcase>
<testcase name="Fails" status="run" result="completed" classname="A"><failure message="x"/></testcase>
</testsuite></testsuites>"""
PYTEST = """<testsuites><testsuite><testcase classname="t" name="one"/><testcase classname="t" name="two"/></testsuite></testsuites>"""


def summary(folder, ci):
    done = subprocess.run([ROOT / "tools" / "test_summary", folder], capture_output=True, text=True, env={**os.environ, "CI": ci})
    return done.returncode, done.stdout


def write_reports(folder, gtest):
    (folder / "asan").mkdir()
    (folder / "test_a.xml").write_text(gtest)
    (folder / "asan" / "test_a.xml").write_text(PYTEST)
    (folder / "tools.xml").write_text(PYTEST)
    (folder / "onnx_node_cases.json").write_text(json.dumps({"passed": 7, "failed": 0, "known_failures": 2, "outside": 3}))


def test_counts(tmp_path):
    write_reports(tmp_path, GTEST)
    code, text = summary(tmp_path, "")
    assert code == 0
    assert [line.split() for line in text.splitlines()] == [
        "C++ tests 1 passed 1 failed 1 skipped".split(), "under sanitizers 2 passed 0 failed 0 skipped".split(),
        "Python tests 2 passed 0 failed 0 skipped".split(),
        "ONNX node cases 7 passed 0 failed 2 known failures 3 of other operators or types".split(), "skipped: A.Waits".split()]
    assert summary(tmp_path, "true")[0] == 1


def test_nothing_skipped_is_fine_under_ci(tmp_path):
    write_reports(tmp_path, PYTEST)
    assert summary(tmp_path, "true")[0] == 0
