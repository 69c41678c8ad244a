"""Conversations over REST and Socket.IO."""
