"""Chat: conversations over REST and Socket.IO."""
