"""Runs a measurement: python -m bench COMMAND … (a module of this package with a function `main`)."""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from pathlib import Path


def commands() -> dict[str, str]:
    """First docstring line of every module here that has a `main`, by name; imports none of them."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in module.body):
            found[path.stem] = (ast.get_docstring(module) or "").partition("\n")[0]
    return found


def main() -> None:
    """Runs the command that the first argument names, with the other arguments."""
    known = commands()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in known:
        print(f"{__doc__}\n\n" + "\n".join(f"  {command:10} {about}" for command, about in known.items()))
        sys.exit(0 if name in ("-h", "--help") else 2)
    sys.argv = [f"python -m bench {name}", *sys.argv[2:]]
    import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
