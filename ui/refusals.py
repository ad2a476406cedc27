"""What is refused, in Chinese, for the pieces the first page is drawn with.

The sentences know every area's errors, and with them all of the program: read only once something is refused, so that
the sign-in page stands sooner after a start.
"""


def explain(error: Exception) -> str:
    """Return the sentence for a refusal, see `ui.messages`."""
    from ui import messages

    return messages.explain(error)


def explain_alone(error: Exception) -> str:
    """Return the sentence where no form stands by that could show both versions of a conflict."""
    from ui import messages

    return messages.explain_alone(error)
