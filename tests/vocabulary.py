"""Find words that the style guide rules out: `python -m tests.vocabulary [PATH...]` lists them.

Identifiers are checked where they are bound; prose is checked in docstrings, comments, messages
(string literals of three words or more) and documents.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

BANNED_IN_PROSE = re.compile(
    r"""\b(
        told | tells? | telling | said | says? | saying
        | who(m|se|ever|mever) | (no|every|any|some)body
        | laid | lays? | asked | asks? | asking
        | he | him | his | himself
        | desks? | bouts? | taught | teach(es|ers?)? | beside | whereof | hitherto
        | a\ quarter\ of\ an\ hour | half\ as\ (many|much)\ again | the\ same\ bits
        | doors? | shel(f|ves) | spine
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words with a plainer equivalent, and masculine pronouns."""

BANNED_IN_IDENTIFIERS = re.compile(
    r"""
        told | tells? | telling | said | says? | saying | asked | asks?
        | who | whom | whose | whoever | (no|every|any|some)body
        | laid | lay | desk | bout | taught | teach(es|ers?)? | mine | fewest | soon
        | shelf | spine
        | judged? | begun | beside | drawn | doors? | unseen
    """,
    re.VERBOSE,
)
"""Parts of a name, in lower case, between underscores or capitals."""

BANNED_AS_IDENTIFIERS = re.compile(
    r"""
        ones? | places? | found | kept | sure | about | cells | most | least | many | few | way
        | seen | own | others | left | made | wanted
    """,
    re.VERBOSE,
)
"""Names that are too vague alone, though they may be part of one."""

DECLARED_TEXTS = (
    "credit/features/definitions/",
    "credit/features/declaration/concepts.py",
    "credit/schema/",
    "ui/messages.py",
    "monitoring/drift_checks.py",
    "training/gates/",
)
"""Files of texts that are stored or shown to people; they change on their own account only."""

NOT_PROSE = re.compile(
    r"```.*?```|`[^`\n]*`|<[^>\n]+>|^\| The [^|\n]+\|", re.DOTALL | re.MULTILINE
)
"""Code, markup, and cells with the declared label of a concept."""


class Offender(NamedTuple):
    """A banned word and its location."""

    path: str
    line: int
    word: str
    context: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r} in {self.context!r}"


def offenders_in(path: Path) -> Iterator[Offender]:
    """Yield every banned word of a Python file, a document or a template."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    if path.suffix == ".py":
        yield from _offenders_in_names(name, ast.parse(text))
        yield from _offenders_in_strings(name, ast.parse(text))
        yield from _offenders_in_comments(name, text)
    else:
        prose = NOT_PROSE.sub(lambda match: re.sub(r"\S", "_", match[0]), text)
        for number, line in enumerate(prose.splitlines(), 1):
            yield from _offenders_in_prose(name, number, line)


def bound_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each identifier that the code itself defines, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store(), value=ast.Name(id="self")):
                yield node.attr, node.lineno
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name, node.lineno
            case _:
                pass


def _offenders_in_names(path: str, tree: ast.AST) -> Iterator[Offender]:
    for name, line in bound_names(tree):
        if name.startswith("test_"):
            continue  # a sentence about behaviour
        parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
        for part in parts:
            if BANNED_IN_IDENTIFIERS.fullmatch(part.lower()):
                yield Offender(path, line, part, name)
        if BANNED_AS_IDENTIFIERS.fullmatch(name.strip("_").lower()):
            yield Offender(path, line, name, name)


def _offenders_in_strings(path: str, tree: ast.AST) -> Iterator[Offender]:
    declared = path.startswith(DECLARED_TEXTS)
    docstrings = {id(node) for node in _documentation(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        is_message = len(node.value.split()) > 2 and not declared
        if id(node) in docstrings or is_message:
            prose = NOT_PROSE.sub("_", node.value)
            yield from _offenders_in_prose(path, node.lineno, prose)


def _documentation(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield docstrings, also those below attributes and constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _offenders_in_comments(path: str, text: str) -> Iterator[Offender]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            prose = NOT_PROSE.sub("_", token.string)
            yield from _offenders_in_prose(path, token.start[0], prose)


def _offenders_in_prose(path: str, line: int, prose: str) -> Iterator[Offender]:
    for match in BANNED_IN_PROSE.finditer(prose):
        before = prose[: match.start()].count("\n")
        context = prose.splitlines()[before].strip() if prose else ""
        yield Offender(path, line + before, match[0], context[:90])


def main() -> int:
    """Print the offenders of the given files and folders, the whole project by default."""
    suffixes = {".py", ".md", ".j2"}
    folders = [Path(name).resolve() for name in sys.argv[1:]] or [ROOT]
    files = [
        path
        for folder in folders
        for path in ([folder] if folder.is_file() else sorted(folder.rglob("*")))
        if path.suffix in suffixes and "_pb2" not in path.name and ".venv" not in path.parts
    ]
    offenders = [offender for path in files for offender in offenders_in(path)]
    for offender in offenders:
        print(offender)  # noqa: T201  # the command's output
    return 1 if offenders else 0


if __name__ == "__main__":
    sys.exit(main())
