"""Generate the reference pages of the site from the code: HTTP, gRPC, commands, settings, Python.

MkDocs runs this while it builds; nothing is written into the source tree.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import mkdocs_gen_files
import typer
from openapidocs.mk.v3 import OpenAPIV3DocumentationHandler
from pydantic_settings import BaseSettings
from typer.cli import get_docs_for_click

from serving.http.openapi import build_openapi_document
from serving.http.routes import create_resource_app
from stores.settings import Settings as PlatformSettings
from ui.settings import Settings as PageSettings

ROOT = Path(__file__).parents[1]
PROTO = ROOT / "serving" / "proto" / "credit" / "scoring" / "v1"
COMMANDS = {
    "training": "training.__main__",
    "training.tracking": "training.tracking.__main__",
    "training.synthesise": "training.synthesise",
    "training.reporting.feature_catalogue": "training.reporting.feature_catalogue.__main__",
    "serving": "serving.__main__",
    "ui": "ui.__main__",
    "batch": "batch.__main__",
    "monitoring": "monitoring.__main__",
    "stores.clients": "stores.clients.__main__",
    "loadtests": "loadtests.__main__",
}
"""Modules to run with `python -m`, each with the module that holds its Typer application."""

PACKAGES = ("credit", "stores", "serving", "training", "batch", "monitoring", "ui", "loadtests")
GENERATED = re.compile(r"_pb2(_grpc)?$|^__main__$")


def write_page(name: str, text: str) -> None:
    """Write one virtual page, relative to the folder of documents."""
    with mkdocs_gen_files.open(name, "w") as page:
        page.write(text.rstrip() + "\n")


def http_page() -> str:
    """Render the OpenAPI document."""
    text = OpenAPIV3DocumentationHandler(build_openapi_document(create_resource_app())).write()
    body = text[text.index("## ") :]  # below the title and the generator's banner
    return (
        "# HTTP API\n\nPort 3000. The running service serves this document as OpenAPI at "
        f"`/docs.json`.\n\n{body}"
    )


def grpc_page() -> str:
    """Show the service definition; the messages of a dossier follow the schema."""
    service = (PROTO / "scoring.proto").read_text()
    dossier = (PROTO / "dossier.proto").read_text()
    return (
        "# gRPC API\n\nPort 3001, with `grpc.health.v1` and reflection. Fields are as in HTTP."
        f"\n\n## scoring.proto\n\n```proto\n{service}```\n\n## dossier.proto\n\n```proto\n"
        f"{dossier}```\n"
    )


def commands_page() -> str:
    """Render the help of every command."""
    sections = ["# Commands\n\nEvery command has `--help` and `--version`.\n"]
    for module, location in COMMANDS.items():
        application = importlib.import_module(location)
        typer_app = next(
            value for value in vars(application).values() if isinstance(value, typer.Typer)
        )
        command = typer.main.get_command(typer_app)
        name = f"python -m {module}"
        with typer.Context(command, info_name=name) as context:
            text = get_docs_for_click(obj=command, ctx=context, name=name, indent=1)
        sections.append(text)
    return "\n".join(sections)


def settings_page() -> str:
    """List the environment variables of the platform and of the page."""
    return "\n".join(
        [
            "# Settings",
            "",
            "Settings are environment variables. A misspelt `CREDIT_` variable is an error.",
            "Thresholds, costs and rules are not settings but policy: `credit/policy.yaml`.",
            *_settings_table("Platform", PlatformSettings),
            *_settings_table("Adviser's page", PageSettings),
        ]
    )


def _settings_table(title: str, settings: type[BaseSettings]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        yield f"| `CREDIT_{name.upper()}` | {default} | {meaning} |"


def python_pages() -> None:
    """Write a page for each module with public names, and the navigation between them."""
    navigation = mkdocs_gen_files.Nav()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = path.relative_to(ROOT).with_suffix("")
            if GENERATED.search(module.name):
                continue
            parts = module.parts[:-1] if module.name == "__init__" else module.parts
            page = (
                Path(*parts, "index.md")
                if module.name == "__init__"
                else Path(*parts).with_suffix(".md")
            )
            navigation[parts] = page.as_posix()
            write_page(
                f"reference/python/{page.as_posix()}", f"# {parts[-1]}\n\n::: {'.'.join(parts)}"
            )
    write_page("reference/python/SUMMARY.md", "".join(navigation.build_literate_nav()))


write_page("reference/http.md", http_page())
write_page("reference/grpc.md", grpc_page())
write_page("reference/commands.md", commands_page())
write_page("reference/settings.md", settings_page())
python_pages()
