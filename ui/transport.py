"""Whether what is shown here travels in the clear."""

import os

UNENCRYPTED = ":orange-badge[:material/lock_open: 未加密]"


def is_unencrypted() -> bool:
    """Whether the start command found that other machines reach this server in the clear."""
    return os.environ.get("CARE_UNENCRYPTED") == "1"
