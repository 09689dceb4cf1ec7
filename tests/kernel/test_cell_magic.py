"""`%%carbon` runs the user's code exactly as without it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from jupyter_carbon.kernel.cell_magic import blank_magic_line, magic_words
from tests.kernel.real_kernel import Ran, RealKernel, real_kernel
from tests.standin.nvml import Standin

LINE = re.compile(
    r"(?:.* · )?(?:.*(?:Wh|J) · .*|.*Wh.* · .*|not (?:measured|known yet).* · .*)", re.DOTALL
)


class Twins:
    """Two kernels with the extension, in step: one runs a cell as it is, one under `%%carbon`."""

    def __init__(self, plain: RealKernel, magic: RealKernel) -> None:
        self.plain = plain
        self.magic = magic

    def both(self, code: str) -> None:
        self.plain.run(code)
        self.magic.run(code)

    def run(self, code: str, head: str = "%%carbon\n") -> tuple[Ran, Ran]:
        return self.plain.run(code), self.magic.run(head + code)

    def ask(self, expression: str) -> tuple[object, object]:
        return self.plain.ask(expression), self.magic.ask(expression)


@pytest.fixture(scope="module")
def twins(gpu: Standin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    environment = gpu.environment()
    with (
        real_kernel(environment, tmp_path_factory.mktemp("plain")) as plain,
        real_kernel(environment, tmp_path_factory.mktemp("magic")) as magic,
    ):
        twins = Twins(plain, magic)
        twins.both("%load_ext jupyter_carbon")
        yield twins


def _only_line(ran: Ran) -> str:
    (line,) = ran.shown
    assert LINE.fullmatch(line), line
    return line


def test_names_and_results_are_those_of_the_plain_cell(twins: Twins) -> None:
    for code in (
        "x = 6 * 7\nx",
        "_ + 1",
        "[name for name in 'abc']",
        "def f(n):\n    return n * 2\nf(21)",
        "import math; y = math.pi;",
        "'quiet';",
        "for i in range(3): pass\ni",
        "from __future__ import annotations\n_, __, ___",
        "x: int = 3\n__annotations__",
    ):
        plain, magic = twins.run(code)
        assert (magic.value, magic.status, magic.out, magic.err) == (
            plain.value,
            plain.status,
            plain.out,
            plain.err,
        )
        assert magic.number == plain.number
        _only_line(magic)
    names = "sorted(name for name in get_ipython().user_ns if not name.startswith('_i'))"
    plain_names, magic_names = twins.ask(names)
    assert magic_names == plain_names
    plain_out, magic_out = twins.ask(
        "{n: repr(v) for n, v in get_ipython().user_ns['Out'].items()}"
    )
    assert magic_out == plain_out
    # What was typed is kept as typed; what was run is the same but for the blank line.
    plain_in, magic_in = twins.ask("[text.strip() for text in get_ipython().user_ns['In']]")
    assert magic_in == plain_in
    raw = twins.magic.ask("get_ipython().history_manager.input_hist_raw[2]")
    assert raw == "%%carbon\nx = 6 * 7\nx"


def test_an_error_points_at_the_line_that_the_user_sees(twins: Twins) -> None:
    _, magic = twins.run("a = 1\n\nb = a / 0\nc = 2")
    assert "----> 4 b = a / 0" in magic.traceback
    assert "carbon" not in magic.traceback.replace("%%carbon", "")

    _, magic = twins.run("def deep():\n    return [][1]\ndeep()")
    assert "----> 4 deep()" in magic.traceback
    assert "----> 3     return [][1]" in magic.traceback
    twins.both("%xmode minimal")
    plain, magic = twins.run("1 / 0")
    assert magic.traceback == plain.traceback
    twins.both("%xmode context")


@pytest.mark.parametrize(
    ("code", "line"),
    [("x = (1,\n", 2), ("x = 1\nif x\n    pass", 3), ("x = 1\n   y = 2", 3), ("x = 'abc", 2)],
)
def test_a_syntax_error_points_at_the_line_that_the_user_sees(
    twins: Twins, code: str, line: int
) -> None:
    plain, magic = twins.run(code)
    assert plain.status == magic.status == "error"
    assert plain.reply["ename"] == magic.reply["ename"]
    assert re.search(rf"(line |:){line}\b", magic.traceback), magic.traceback
    assert re.search(rf"(line |:){line - 1}\b", plain.traceback), plain.traceback
    _only_line(magic)


def test_a_traceback_of_an_earlier_cell_still_shows_its_source(twins: Twins) -> None:
    twins.magic.ok("%%carbon\ndef later():\n    raise ValueError('from far')")
    ran = twins.magic.run("later()")
    assert "----> 3     raise ValueError('from far')" in ran.traceback


def test_top_level_await_and_other_magics_run_inside(twins: Twins) -> None:
    twins.both("import asyncio")
    for code in (
        "await asyncio.sleep(0.01)\n'awaited'",
        "async with asyncio.timeout(5):\n    z = 5\nz",
        "[n async for n in (i for i in [])] if False else 'ok'",
        "%%bash\necho from bash",
        "%%bash\necho to stderr >&2; exit 3",
        "%%capture told\nprint('hidden')",
        "told.stdout",
        "\n\n%%bash\necho after blank lines",
        "!echo from the shell",
        "lines = !echo one; echo two\nlines",
        "%pwd",
        "%no_such_magic",
        "%%no_such_magic\n1",
        "print?",
        "print(1)\n%who_ls int",
        "get_ipython().run_line_magic('pwd', '')",
    ):
        plain, magic = twins.run(code)
        assert magic.status == plain.status, code
        folders = {str(twins.magic.log.parent): str(twins.plain.log.parent)}
        for mine, its in folders.items():
            assert (magic.value or "").replace(mine, its) == (plain.value or ""), code
        assert (magic.out, magic.reply.get("payload")) == (plain.out, plain.reply.get("payload"))
        assert magic.err == plain.err, code
        _only_line(magic)


def test_time_and_its_kin_run_inside_and_outside(twins: Twins) -> None:
    _, magic = twins.run("%%time\nwaited = 5\nwaited")
    assert "Wall time" in magic.out
    assert magic.value == "5"
    _only_line(magic)
    _, magic = twins.run("%time 3 + 4")
    assert magic.value == "7"
    _only_line(magic)
    _, magic = twins.run("%%timeit -n 1 -r 1\npass")
    assert "loop" in magic.out
    # The other way around, %%carbon is the head of what %%time runs.
    outside = twins.magic.ok("%%time\n%%carbon --label inner\nwaited = 6\nwaited")
    assert "Wall time" in outside.out
    assert outside.value == "6"
    assert _only_line(outside).startswith("inner · ")
    captured = twins.magic.ok("%%capture told\n%%carbon\nprint('hidden')")
    assert captured.out == ""


def test_pasted_prompts_and_leading_blank_lines(twins: Twins) -> None:
    for pasted in (
        "\n\n%%carbon --label pasted\n5 + 5",
        ">>> %%carbon --label pasted\n>>> 5 + 5",
        "In [7]: %%carbon --label pasted\n   ...: 5 + 5",
        "  %%carbon --label pasted\n  5 + 5",
        "%%carbon\t--label pasted  \n\n\n5 + 5\n\n",
        "%%carbon --label pasted\r\n5 + 5",
    ):
        ran = twins.magic.ok(pasted)
        assert ran.value == "10", pasted
        assert _only_line(ran).startswith("pasted · "), pasted


def test_a_cell_of_nothing_but_the_magic(twins: Twins) -> None:
    for code in ("%%carbon", "%%carbon --label empty", "%%carbon\n", "%%carbon\n\n   \n"):
        ran = twins.magic.ok(code)
        assert ran.value is None
        _only_line(ran)


def test_other_magics_that_begin_alike_and_help_are_left_alone(twins: Twins) -> None:
    ran = twins.magic.run("%%carbonara\n1")
    assert "`%%carbonara` not found" in ran.err + ran.traceback
    assert not ran.shown
    for question in ("%%carbon?", "%%carbon??"):
        ran = twins.magic.ok(question)
        assert "--no-sync" in ran.reply["payload"][0]["data"]["text/plain"]
        assert not ran.shown
    ran = twins.magic.ok("text = '''\n%%carbon\n'''\ntext")
    assert ran.value == r"'\n%%carbon\n'"
    assert not ran.shown
    ran = twins.magic.run("# a comment first\n%%carbon\n1")
    assert not ran.shown


def test_options_that_cannot_be_followed_are_named_and_the_cell_runs(twins: Twins) -> None:
    for head, named in {
        "%%carbon --colour red": "'--colour'",
        "%%carbon --label 'open": "quotation mark",
        "%%carbon --label": "--label",
        "%%carbon --label --quiet": "--label",
        "%%carbon name": "'name'",
        "%%carbon --la short": "'--la'",
        "%%carbon --quiet=3": "--quiet",
    }.items():
        ran = twins.magic.ok(f"{head}\n6 * 7")
        assert ran.value == "42"
        assert named in ran.err, ran.err
        assert "The cell runs and is metered without them" in ran.err
        assert ran.err.count("\n") == 1
        _only_line(ran)


def test_run_by_a_program_it_is_a_magic_like_others(twins: Twins) -> None:
    ran = twins.magic.ok("get_ipython().run_cell_magic('carbon', '--label inner', 'print(3)\\n7')")
    assert ran.out.startswith("3\n")
    assert "inner · " in ran.out
    assert ran.value == "7"
    ran = twins.magic.run("get_ipython().run_cell_magic('carbon', '--wrong', '1 / 0')")
    assert ran.status == "error"
    assert ran.reply["ename"] == "ZeroDivisionError"
    assert "'--wrong'" in ran.err
    ran = twins.magic.ok("get_ipython().run_cell_magic('carbon', '--quiet', 'print(3)')")
    assert re.fullmatch(r"3\n%%carbon · .*\n", ran.out)


def test_the_cell_asks_for_more_lines_like_any_cell_magic(twins: Twins) -> None:
    def status(code: str) -> str:
        return twins.magic.complete_status(code)

    for rest in ("", "\nx = 1", "\nx = 1\n", "\nx = 1\n\n", "\nif x:\n"):
        assert status(f"%%carbon --label a{rest}") == status(f"%%time{rest}"), rest
    assert status("%%carbon") == "incomplete"
    assert status("%%carbon\nx = 1\n\n") == "complete"


def test_the_transformer_takes_the_line_and_nothing_else() -> None:
    assert blank_magic_line([]) == []
    assert blank_magic_line(["x = 1\n"]) == ["x = 1\n"]
    assert blank_magic_line(["%%carbonara\n", "1\n"]) == ["%%carbonara\n", "1\n"]
    assert blank_magic_line(["%%carbon --label a\n", "1\n"]) == ["\n", "1\n"]
    assert blank_magic_line(["%%carbon\n", "\n", "%%bash\n", "ls\n"]) == ["%%bash\n", "ls\n"]
    assert blank_magic_line(["%%carbon"]) == ["\n"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("%%carbon", ""),
        ("%%carbon --label a\n1", "--label a"),
        ("%%carbon --label what?\n1", "--label what?"),
        ("%%time\n%%carbon -x\n1", "-x"),
        ("%%carbon?", None),
        ("%%writefile cell.py\n%%carbon\n1", None),
        ("x = 1\n%%carbon", None),
        ("1", None),
    ],
)
def test_the_words_after_the_magic(source: str, words: str | None) -> None:
    assert magic_words(source) == words
