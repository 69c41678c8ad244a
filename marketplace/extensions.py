"""The bare extension objects; imports nothing of ours but the metadata."""

from flask_caching import Cache
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_socketio import SocketIO
from flask_sqlalchemy import SQLAlchemy

# create_savepoint: a session that is given a connection (tests) leaves that connection's transaction alone.
db = SQLAlchemy(session_options={"expire_on_commit": False, "join_transaction_mode": "create_savepoint"})
migrate = Migrate()
limiter = Limiter(key_func=get_remote_address)
cache = Cache()
socketio = SocketIO()
