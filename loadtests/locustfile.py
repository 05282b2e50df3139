"""Locust's entry point: run `python -m loadtests`, or `locust -f loadtests/locustfile.py`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, cast

from locust import LoadTestShape, events

from loadtests.shapes import Shape, count_callers
from loadtests.users import Adviser, ClientSystem, GrpcSystem, Portfolio

__all__ = ["Adviser", "ClientSystem", "GrpcSystem", "LoadShape", "Portfolio"]


@events.init_command_line_parser.add_listener
def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--dossiers", required=True, help="File with one dossier per line.")
    parser.add_argument("--grpc", default="", help="host:port of the gRPC port, if any.")
    parser.add_argument("--course", default="ramp", choices=list(Shape), help="Shape of the run.")
    parser.add_argument("--callers", type=int, default=20, help="Maximum number of callers.")
    parser.add_argument("--seconds", type=float, default=60.0, help="Length of the run.")


class LoadShape(LoadTestShape):
    """The number of callers over time, as given by the options."""

    def tick(self) -> tuple[int, float, list[type[Any]]] | None:
        """Return the number of callers, the spawn rate per second and the user classes."""
        parsed_options = cast("Any", self.runner).environment.parsed_options
        share = self.get_run_time() / parsed_options.seconds
        if share >= 1:
            return None
        user_classes = [
            Adviser,
            ClientSystem,
            Portfolio,
            *([GrpcSystem] if parsed_options.grpc else []),
        ]
        return (
            count_callers(Shape(parsed_options.course), parsed_options.callers, share),
            float(parsed_options.callers),
            user_classes,
        )
