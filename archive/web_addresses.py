"""Parts of web addresses that come from files, pages and servers; an address that is none raises nothing.

`urllib.parse` raises `ValueError` for many of them: brackets that do not match, ports that are no numbers, hosts that
Unicode normalization changes. Nothing else in the product calls its functions that do.
"""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

_NO_ADDRESS = SplitResult("", "", "", "", "")


def split_address(address: str) -> SplitResult | None:
    """Parts of an address; None if it is none. Reading its `port` may still raise `ValueError`."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def address_parts(address: str | None) -> SplitResult:
    """Parts of an address; all are empty if it is none."""
    return split_address(address or "") or _NO_ADDRESS


def host_of(address: str | None) -> str:
    """Host of an address in lower case; empty if it has none."""
    return address_parts(address).hostname or ""


def fragment_of(address: str) -> str:
    """Fragment of an address, without its `#`."""
    return address.partition("#")[2]


def join_address(base: str, address: str) -> str | None:
    """Address that a reference in the page at `base` means; None if it means none."""
    try:
        return urljoin(base, address)
    except ValueError:
        return None
