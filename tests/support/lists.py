"""Walks through the pages of a list, as clients do."""


def walk(client, url, limit):
    """All items forward, then all backward from the end; both lists in the order of the list."""
    mark = "&" if "?" in url else "?"
    forward, backward, page = [], [], client.get(f"{url}{mark}limit={limit}").json
    assert page["previous"] is None
    while True:
        forward += page["items"]
        if page["next"] is None:
            break
        page = client.get(f"{url}{mark}limit={limit}&after={page['next']}").json
    while True:
        backward = page["items"] + backward
        if page["previous"] is None:
            break
        page = client.get(f"{url}{mark}limit={limit}&before={page['previous']}").json
    return forward, backward


def walks_whole(client, url, expected):
    for limit in (1, 3, 100):
        forward, backward = walk(client, url, limit)
        assert [item["id"] for item in forward] == expected
        assert backward == forward
