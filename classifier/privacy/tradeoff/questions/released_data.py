"""What leaves the place of reading, and what is kept there, of each point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from classifier.privacy.message_streams import Stream
from classifier.privacy.policies.policy import Policy
from classifier.privacy.policies.redaction import redaction_table
from classifier.privacy.policies.released_information import entropy_bits, ldp_epsilon, released_bits_max

COLUMNS = (
    "point",
    "bits_max",
    "bits_entropy",
    "epsilon",
    "aggregate_epsilon",
    "peak_kept",
    "over_redaction",
    "over_redaction_low",
    "over_redaction_high",
)


def released_table(
    names: Sequence[str], policies: Sequence[Policy], costs: Sequence[pd.DataFrame], streams: Sequence[Stream]
) -> pd.DataFrame:
    """Bits, epsilon, messages kept and over-redaction of each point, one row each.

    Columns:

    - ``point``
    - ``bits_max``: upper bound on bits released a conversation, infinite where text is shown
    - ``bits_entropy``: Miller-Madow entropy of what is released of benign conversations; of the score alone
      where text is shown, nan where nothing points at a conversation by construction
    - ``epsilon``: local differential privacy of one release, in nats; infinite where nothing is randomised
    - ``aggregate_epsilon``: of the noisy count, towards those who count; nan without one
    - ``peak_kept``: the most messages kept at once in any benign conversation
    - ``over_redaction`` with ``_low`` and ``_high``: share of the words that show a behaviour, outside gold
      spans, that the redactor masks; nan without a redactor. Bounds are Clopper-Pearson over words, and too
      narrow, since words repeat.

    ``costs`` are the tables of ``conversation_costs``.
    """
    masked = {
        redactor: _over_redaction(redactor, streams)
        for redactor in sorted({policy.redactor for policy in policies if policy.shows_text})
    }
    rows = []
    for name, policy, table in zip(names, policies, costs, strict=True):
        benign = table[table["benign"].to_numpy(dtype=bool)]
        rows.append(
            {
                "point": name,
                "bits_max": released_bits_max(policy),
                "bits_entropy": entropy_bits(benign["output"].to_numpy(dtype=np.int64)),
                "epsilon": ldp_epsilon(policy),
                "aggregate_epsilon": policy.release_epsilon if policy.release == "aggregate" else np.nan,
                "peak_kept": int(benign["peak_kept"].max()) if len(benign) else np.nan,
                **masked.get(policy.redactor if policy.shows_text else "none", _UNDEFINED),
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


_UNDEFINED: dict[str, Any] = dict.fromkeys(COLUMNS[-3:], np.nan)


def _over_redaction(redactor: str, streams: Sequence[Stream]) -> dict[str, Any]:
    if redactor == "none" or not all(stream.texts for stream in streams):
        return _UNDEFINED
    table = redaction_table(streams, redactor)
    [row] = table[table["measure"] == "cue tokens masked"].to_dict("records")
    return dict(zip(COLUMNS[-3:], (row["rate"], row["rate_low"], row["rate_high"]), strict=True))
