"""An S3 server on a free loopback port: s3.py BUCKET...

moto's server with its checks of signatures and policies switched on. Prints one line of JSON when it answers: the address
and the keys of a user who may use the buckets. Ends when its standard input closes, so that it never outlives the test
that started it.
"""

import json
import os
import sys
import threading

# Every request must be signed, from the first one on.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "0"

from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server

ACCOUNT = "123456789012"
REGION = "us-east-1"
USER = "millrace"
MAY_USE_OBJECTS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


class Quiet(WSGIRequestHandler):
    """Keeps connections, as a real server does, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log(self, *_):
        pass


def new_user() -> dict:
    iam = iam_backends[ACCOUNT]["global"]
    iam.create_user(REGION, USER)
    iam.put_user_policy(USER, "objects", json.dumps(MAY_USE_OBJECTS))
    key = iam.create_access_key(USER)
    return {"access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key}


def with_count(app):
    """The app, which also tells at `/-/unfinished` how many uploads in parts are neither complete nor aborted."""

    def respond(environ, start_response):
        if environ["PATH_INFO"] != "/-/unfinished":
            return app(environ, start_response)
        buckets = s3_backends[ACCOUNT]["aws"].buckets.values()
        count = str(sum(len(bucket.multiparts) for bucket in buckets)).encode()
        start_response("200 OK", [("Content-Length", str(len(count)))])
        return [count]

    return respond


def end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    for bucket in sys.argv[1:]:
        s3_backends[ACCOUNT]["aws"].create_bucket(bucket, REGION)
    app = with_count(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    told = {"url": f"http://127.0.0.1:{server.server_port}", **new_user()}
    threading.Thread(target=end_with_stdin, daemon=True).start()
    print(json.dumps(told), flush=True)
    server.serve_forever()


main()
