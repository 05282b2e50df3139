"""Generate the dossier messages and the Python modules of gRPC: `python -m serving.proto`.

credit/schema ──► dossier.proto ─┐
                  scoring.proto ─┴─► protoc ──► *_pb2.py, *_pb2.pyi, *_pb2_grpc.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from grpc_tools import protoc

from serving.proto.dossier import render_dossier_proto
from stores.cli import VersionOption

HERE = Path(__file__).parent
PACKAGE = Path("credit", "scoring", "v1")

app = typer.Typer(add_completion=False)


@app.command()
def generate(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = HERE,
    *,
    _version: VersionOption = False,
) -> None:
    """Write the dossier's messages and generate the Python modules."""
    folder = out / PACKAGE
    folder.mkdir(parents=True, exist_ok=True)
    previous = HERE / PACKAGE / "dossier.proto"
    (folder / "dossier.proto").write_text(
        render_dossier_proto(previous.read_text() if previous.exists() else "")
    )
    files = [str(PACKAGE / name) for name in ("dossier.proto", "scoring.proto")]
    google_protos = Path(protoc.__file__).parent / "_proto"
    outputs = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    code = protoc.main(["protoc", f"-I{out}", f"-I{HERE}", f"-I{google_protos}", *outputs, *files])
    if code:
        raise typer.Exit(code)
    for generated in folder.glob("*_pb2*.py*"):
        # protoc derives the import from the proto package, but our Python package of that name
        # is the domain.
        text = generated.read_text().replace(
            "from credit.scoring.v1 import", "from serving.proto.credit.scoring.v1 import"
        )
        generated.write_text(text)
    (folder / "dossier_pb2_grpc.py").unlink()  # it holds messages only


if __name__ == "__main__":
    app()
