"""Where the results of a training or an experiment come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

PROTECTED_GROUP = "protected attribute"
"""Ablation group of the protected attributes; its rows give the cost of excluding each."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The data, code, date and parameters of an experiment, stored with its results."""

    data: str
    """Fingerprint of the data files."""
    code: str
    day: str
    parameters: Mapping[str, Any]
    """Hyperparameters of the model."""
    formulas: str
    """Digest of the feature names and values."""
    clients: int
    total_clients: int
    """Number of clients from which `clients` were sampled."""
    seed: int
    also: tuple[str, ...] = ()
    """Fingerprints of the folders of auxiliary clients."""

    @classmethod
    def from_metadata(
        cls,
        data_metadata: Mapping[str, Any],
        parameters: Mapping[str, Any],
        *,
        formulas: str,
        seed: int,
        sample_size: int | None = None,
    ) -> Self:
        """Take the provenance from the metadata of the data.

        Args:
            formulas: Digest of the features of all clients, sampled or not.
            sample_size: Number of sampled clients; None if all are used.
        """
        return cls(
            data=data_metadata["fingerprint"],
            code=data_metadata["code"],
            day=data_metadata["trained_at"][:10],
            parameters=dict(parameters),
            formulas=formulas,
            clients=sample_size or data_metadata["clients"],
            total_clients=data_metadata["clients"],
            seed=seed,
            also=tuple(folder["fingerprint"] for folder in data_metadata.get("also", ())),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields under their stored names."""
        stored_names = {"total_clients": "everybody"}
        return {stored_names.get(name, name): value for name, value in asdict(self).items()}

    def describe_differences(self, stored: Mapping[str, Any]) -> str:
        """Describe how a stored experiment on the same data differs; empty if it does not."""
        descriptions = {
            "parameters": "other parameters",
            "formulas": "other features",
            "clients": f"{stored.get('clients', 'other')} clients of {self.clients}",
            "seed": "another seed",
            "also": "other auxiliary clients",
        }
        current = self.to_dict() | {"also": list(self.also)}
        return ", ".join(
            description
            for name, description in descriptions.items()
            if stored.get(name) != current[name]
        )
