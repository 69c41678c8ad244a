"""The kinds of what a timeline shows."""

from enum import StrEnum


class TimelineKind(StrEnum):
    """What an entry of a timeline is: a step (`transition`), a `proposal` of one that the other party has to
    agree to, the performer's `arrival`, a `review`, a `waiver` of a fee by staff, or a piece of `evidence` in
    a dispute.
    """

    TRANSITION = "transition"
    PROPOSAL = "proposal"
    ARRIVAL = "arrival"
    REVIEW = "review"
    WAIVER = "waiver"
    EVIDENCE = "evidence"
