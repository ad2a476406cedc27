"""Weeks that are over, frozen when somebody who may first comes to look at them."""

import streamlit as st

from db.transactions import transaction
from services.actors import Actor
from services.regulations import weeks


def freeze_weeks(actor: Actor) -> None:
    """Freeze every school week that is owed, the oldest first, each for itself: what is frozen stays."""
    with st.spinner("正在把过完的一周定格，请等一等。"):
        while True:
            with transaction() as session:
                first_day = weeks.freeze_week(session, actor)
            if first_day is None:
                return
