"""What the benchmark says of the machine."""

import pytest

from bench.engine.machine import Machine, parse_cpuinfo, this_machine

CPUINFO = """\
processor\t: 0
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
flags\t\t: fpu sse2 avx512_bf16 avx512_vnni

processor\t: 1
model name\t: something else
flags\t\t:
"""


def test_the_processor_is_named_with_what_it_can() -> None:
    """Family and model too: a hypervisor hides much of the name."""
    machine = parse_cpuinfo(CPUINFO, (0, 1))
    assert machine.bf16
    assert machine.describe(0.25) == ("AMD EPYC (family 25 model 17), 2 processors, avx512_bf16, avx512_vnni; load 0.2")


def test_a_processor_without_bf16_says_so() -> None:
    """Its bf16 would be emulated, and must not be measured."""
    machine = parse_cpuinfo("model name: Old\nflags: sse2 avx2\n", (0,))
    assert not machine.bf16
    assert "neither bf16 nor int8" in machine.describe(1)


def test_threads_are_pinned_to_the_highest_processors() -> None:
    """And never to processors that are not there."""
    machine = Machine("x", frozenset(), (0, 2, 3))
    assert machine.last(1) == [3]
    assert machine.last(2) == [2, 3]
    with pytest.raises(SystemExit, match="needs 4 processors"):
        machine.last(4)


def test_this_machine_can_be_described() -> None:
    """Whatever it is."""
    assert this_machine().processors
