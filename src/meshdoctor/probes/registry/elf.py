"""The first bytes of a program: for which processor it is, or which interpreter it names.

An ELF header says the processor at byte 18 (System V gABI, "ELF Header"); the numbers are those of
`e_machine` in Linux' `include/uapi/linux/elf-em.h`, the names those of Go, as in an index.
"""

import struct
from typing import Final

HEAD: Final = 256
"""Bytes of a file that tell what it is: Linux reads as many (`BINPRM_BUF_SIZE`)."""

_MAGIC: Final = b"\x7fELF"
_SCRIPT: Final = b"#!"
_SHORTEST: Final = 20
_BITS_64: Final = 2
_LITTLE: Final = 1
_MACHINES: Final = {
    (3, 1): "386",
    (8, 1): "mips",
    (8, 2): "mips64",
    (20, 1): "ppc",
    (21, 2): "ppc64",
    (22, 2): "s390x",
    (40, 1): "arm",
    (62, 2): "amd64",
    (183, 2): "arm64",
    (243, 2): "riscv64",
    (258, 2): "loong64",
}
_LITTLE_NAMES: Final = {"ppc64": "ppc64le", "mips": "mipsle", "mips64": "mips64le"}


def machine(head: bytes) -> str | None:
    """Tell the processor of a program.

    Args:
        head: the file's first bytes.

    Returns:
        Its name; `machine N` for one without a name here; None when it is no ELF file.
    """
    if len(head) < _SHORTEST or not head.startswith(_MAGIC):
        return None
    bits, order = head[4], head[5]
    number = struct.unpack_from("<H" if order == _LITTLE else ">H", head, 18)[0]
    name = _MACHINES.get((number, bits), f"machine {number}")
    return _LITTLE_NAMES.get(name, name) if order == _LITTLE else name


def interpreter(head: bytes) -> str | None:
    """Tell which program reads a script (execve(2), "Interpreter scripts").

    Args:
        head: the file's first bytes.

    Returns:
        The path after `#!`; None when it is no script.
    """
    if not head.startswith(_SCRIPT):
        return None
    words = head[len(_SCRIPT) : HEAD].partition(b"\n")[0].split()
    return words[0].decode(errors="replace") if words else None
