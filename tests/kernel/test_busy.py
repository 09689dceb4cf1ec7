"""What a kernel says of its state while a page's messages are handled beside a running cell."""

from __future__ import annotations

import pytest

from tests.kernel.real_kernel import RealKernel
from tests.kernel.test_stream import Page


@pytest.fixture
def page(kernel: RealKernel) -> Page:
    subshell = kernel.make_subshell()
    if subshell is None:
        pytest.skip("this ipykernel has no subshells, so that messages wait for the cell's end")
    page = Page(kernel)
    page.wait()
    page.subshell = subshell
    return page


def states(kernel: RealKernel) -> list[str]:
    return [
        message["content"]["execution_state"]
        for message in kernel.heard
        if message["msg_type"] == "status"
    ]


def test_a_cell_that_runs_is_not_hidden_by_messages_beside_it(
    kernel: RealKernel, page: Page
) -> None:
    ran = kernel.start("__import__('time').sleep(5)")
    kernel.wait_busy(ran)
    for place in ("FR", "DE"):
        assert page.command("region", place=place)["ok"]
        # A server that ends idle kernels, and a page, would take this for the kernel's state.
        assert kernel.listen(lambda: states(kernel)[-1] == "idle", 5.0)
        assert kernel.listen(lambda: states(kernel)[-1] == "busy", 5.0)
        assert ran.messages("status")[-1]["content"]["execution_state"] == "busy"
    kernel.finish(ran)
    kernel.listen(lambda: False, 2.5)
    assert states(kernel)[-1] == "idle"
    assert ran.status == "ok"


def test_a_page_that_leaves_does_not_hide_it_either(kernel: RealKernel, page: Page) -> None:
    ran = kernel.start("__import__('time').sleep(3)")
    kernel.wait_busy(ran)
    before = len(states(kernel))
    page.close()
    assert kernel.listen(lambda: "idle" in states(kernel)[before:], 5.0)
    assert kernel.listen(lambda: states(kernel)[-1] == "busy", 5.0)
    kernel.finish(ran)


def test_an_idle_kernel_stays_idle(kernel: RealKernel, page: Page) -> None:
    kernel.ok("1 + 1")
    ran = kernel.run("1 / 0")
    assert ran.status == "error"
    before = len(states(kernel))
    assert page.command("region", place="FR")["ok"]
    kernel.listen(lambda: False, 2.5)
    since = states(kernel)[before:]
    assert since.count("busy") == since.count("idle")
    assert since[-1] == "idle"


def test_code_that_a_cell_has_run_does_not_end_it(kernel: RealKernel, page: Page) -> None:
    ran = kernel.start("get_ipython().run_cell('1 + 1')\n__import__('time').sleep(3)")
    kernel.wait_busy(ran)
    assert page.command("region", place="FR")["ok"]
    assert kernel.listen(lambda: states(kernel)[-1] == "busy", 5.0)
    kernel.finish(ran)
