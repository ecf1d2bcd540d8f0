"""The edges of a graph by its other side, as fast as they can be read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.matching.engine.compiled import kernel

Wide = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]


@kernel
def by_columns(ptr: Wide, edges: tuple[Ids, Wide], at: Wide, turned: tuple[Ids, Wide]) -> None:
    """Writes the (row, weight) of the edges (column, weight), column by column in the order of the rows.

    The edges of row i are those from ptr[i] to ptr[i + 1]; `at` has where each column begins, and afterwards
    where it ends.
    """
    column, weight = edges
    row_of, weight_of = turned
    for row in range(len(ptr) - 1):
        for edge in range(ptr[row], ptr[row + 1]):
            place = at[column[edge]]
            row_of[place] = row
            weight_of[place] = weight[edge]
            at[column[edge]] = place + 1
