"""What the plugin refuses."""

from marketplace.kernel.errors import Conflict


class PointsMissing(Conflict):
    """The user wants to spend more points than there are."""

    code = "loyalty_points_missing"
    title = "You have too few points"
    remedy = "Let the user spend at most the points that GET /loyalty shows."
