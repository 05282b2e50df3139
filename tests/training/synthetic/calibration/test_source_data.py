from __future__ import annotations

from pathlib import Path

import pytest

from training.synthetic.calibration.source_data import (
    RealDataMissing,
    resolve_real_data_folder,
)


def test_a_missing_folder_of_real_rows_is_an_error_that_names_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(RealDataMissing, match=f"{tmp_path}.*CREDIT_REAL_DATA"):
        resolve_real_data_folder(tmp_path)
