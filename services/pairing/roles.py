"""Who may help in which kind of pair."""

from collections.abc import Mapping

from db.tables import HelperKind, PairingRole

_OUTSIDE = frozenset({HelperKind.VOLUNTEER, HelperKind.PARTY_CADRE, HelperKind.PARENT})
_STAFF, _PUPILS = frozenset({HelperKind.STAFF}), frozenset({HelperKind.PUPIL})

KINDS_FOR: Mapping[PairingRole, frozenset[HelperKind]] = {
    PairingRole.MENTOR: _STAFF,
    PairingRole.PROXY_PARENT: _STAFF,
    PairingRole.LOVE_MOTHER: _STAFF | _OUTSIDE,
    PairingRole.GUARDIAN_ANGEL: _STAFF | _OUTSIDE,
    PairingRole.PARTY_CADRE: frozenset({HelperKind.PARTY_CADRE}),
    PairingRole.VOLUNTEER: frozenset({HelperKind.VOLUNTEER}),
    PairingRole.EXCELLENT_STUDENT: _PUPILS,
    PairingRole.BUDDY: _PUPILS,
    PairingRole.PEER_PARENT: frozenset({HelperKind.PARENT}),
}
