"""What locust runs: `locust -f loadtests/locustfile.py`, or `python -m loadtests` around it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any, cast

from locust import LoadTestShape, events

from loadtests.shapes import Shape, count_callers
from loadtests.users import Adviser, ClientSystem, GrpcSystem, Portfolio

__all__ = ["Adviser", "ClientSystem", "GrpcSystem", "LoadShape", "Portfolio"]


@events.init_command_line_parser.add_listener
def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--dossiers", required=True, help="File with a dossier on every line.")
    parser.add_argument("--grpc", default="", help="host:port of the gRPC door, if there is one.")
    parser.add_argument("--course", default="ramp", choices=list(Shape), help="Shape of the run.")
    parser.add_argument("--callers", type=int, default=20, help="Most callers at once.")
    parser.add_argument("--seconds", type=float, default=60.0, help="Length of the run.")


class LoadShape(LoadTestShape):
    """The course of the run, as the options say."""

    def tick(self) -> tuple[int, float, list[type[Any]]] | None:
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
