from flask_smorest import Api

current_api: Api
