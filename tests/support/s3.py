"""A small S3: PUT (in parts too), GET (of ranges too), DeleteObjects and ListObjectsV2 of one bucket, signed by AWS4-HMAC-SHA256."""

import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

KEY, SECRET, REGION, BUCKET = "AKIATEST", "secret-of-the-tests", "eu-test-1", "pictures"


class Bucket:
    """What is stored, and how the server behaves: `status` is answered to everything when it is set, `hang` keeps
    callers waiting until it is set.
    """

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.status: int | None = None
        self.hang: threading.Event | None = None
        self.refused: list[str] = []
        self.url = ""


def _signature(
    method: str,
    path: str,
    query: list[tuple[str, str]],
    headers: dict[str, str],
    signed: str,
    scope: str,
    date: str,
    payload: str,
) -> str:
    """As the documentation of Signature Version 4 says."""
    canonical_query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(query)
    )
    canonical_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in signed.split(";"))
    request = f"{method}\n{path}\n{canonical_query}\n{canonical_headers}\n{signed}\n{payload}"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = b"AWS4" + SECRET.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def _is_signed(self, query: list[tuple[str, str]]) -> bool:
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = urlsplit(self.path).path
        given = dict(query)
        if "X-Amz-Signature" in given:
            credential, signed = given["X-Amz-Credential"], given["X-Amz-SignedHeaders"]
            date, payload, seal = given["X-Amz-Date"], "UNSIGNED-PAYLOAD", given["X-Amz-Signature"]
            query = [pair for pair in query if pair[0] != "X-Amz-Signature"]
        else:
            kind, _, rest = headers.get("authorization", "").partition(" ")
            if kind != "AWS4-HMAC-SHA256":
                return False
            parts = dict(part.strip().split("=", 1) for part in rest.split(","))
            credential, signed, seal = parts["Credential"], parts["SignedHeaders"], parts["Signature"]
            date, payload = headers["x-amz-date"], headers["x-amz-content-sha256"]
        key, _, scope = credential.partition("/")
        expected = _signature(self.command, path, query, headers, signed, scope, date, payload)
        return key == KEY and scope.split("/")[1] == REGION and hmac.compare_digest(expected, seal)

    def _answer(
        self,
        status: int,
        body: bytes = b"",
        kind: str = "application/xml",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Mon, 04 May 2026 08:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.bucket.hang is not None:
            self.bucket.hang.wait(30)
        if self.bucket.status is not None:
            self._answer(self.bucket.status, b"<Error><Code>Refused</Code></Error>")
            return
        parts = urlsplit(self.path)
        query = parse_qsl(parts.query, keep_blank_values=True)
        if not self._is_signed(query):
            self.bucket.refused.append(self.path)
            self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
            return
        name = unquote(parts.path).removeprefix(f"/{BUCKET}").removeprefix("/")
        given = dict(query)
        if self.command == "POST" and "uploads" in given:
            self.bucket.parts[name] = {}
            self._answer(
                200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
            )
        elif self.command == "PUT" and "partNumber" in given:
            self.bucket.parts[name][int(given["partNumber"])] = body
            self._answer(200)
        elif self.command == "POST" and "uploadId" in given:
            parts_of = self.bucket.parts.pop(name)
            self.bucket.objects[name] = (b"".join(parts_of[number] for number in sorted(parts_of)), "")
            self._answer(
                200, b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"
            )
        elif self.command == "PUT":
            self.bucket.objects[name] = (body, self.headers.get("Content-Type", ""))
            self._answer(200)
        elif self.command == "POST" and ("delete", "") in query:
            keys = re.findall(rb"<Key>.*?</Key>", body)
            for key in keys:
                self.bucket.objects.pop(unescape(key[5:-6].decode()), None)
            gone = b"".join(b"<Deleted>" + key + b"</Deleted>" for key in keys)
            self._answer(200, b"<DeleteResult>" + gone + b"</DeleteResult>")
        elif name == "":
            self._answer(200, self._listing(dict(query).get("prefix", "")))
        elif name in self.bucket.objects:
            self._send(*self.bucket.objects[name])
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _send(self, content: bytes, kind: str) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted is None:
            self._answer(200, content, kind)
            return
        first, last = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
        self._answer(
            206, content[first : last + 1], kind, {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        )

    do_GET = do_PUT = do_POST = do_HEAD = _handle  # noqa: N815 - the names that http.server calls

    def _listing(self, prefix: str) -> bytes:
        items = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>2026-05-04T08:00:00.000Z</LastModified>"
            f"<ETag>x</ETag><Size>{len(content)}</Size></Contents>"
            for name, (content, _) in sorted(self.bucket.objects.items())
            if name.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{items}</ListBucketResult>".encode()


@contextmanager
def running_bucket() -> Iterator[Bucket]:
    """A bucket on a free port of this machine."""
    bucket = Bucket()
    handler = type("Handler", (_Handler,), {"bucket": bucket})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield bucket
    finally:
        if bucket.hang is not None:
            bucket.hang.set()
        server.shutdown()
        thread.join()
        server.server_close()
