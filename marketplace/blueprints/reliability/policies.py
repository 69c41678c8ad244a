"""The rules of reliability: how long events count, and when an answer is due."""

from datetime import timedelta

RESPONSE_WINDOW = timedelta(days=90)
"""How long a new order or chat counts towards the response figures."""
ANSWER_DUE = timedelta(days=1)
"""The time after which a first message without an answer counts as unanswered; orders expire by
themselves.
"""
COMPLETION_WINDOW = timedelta(days=365)
"""How long an order counts towards the completion rate."""
