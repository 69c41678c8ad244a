"""The outside world: mail and SMS senders behind ports."""
