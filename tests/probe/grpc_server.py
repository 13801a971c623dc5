# SPDX-License-Identifier: Apache-2.0
# Copyright The Tocsin Authors
"""A gRPC server for tests, on Debian's python3-grpcio: gRPC's C core, the same as behind its C++
library, at a tenth of the size and without a compiler's minute. The health service is written by
hand, on bytes, since Debian has no python3-grpcio-health-checking.

usage: grpc_server.py [--tls CERTIFICATE KEY [CLIENTS' CA]] [--unix PATH] [--no-health] [--compress]
"""
import concurrent.futures
import sys

import grpc

SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
STATUS = {"": SERVING, "shop.Orders": SERVING, "shop.Stock": NOT_SERVING,
          "shop.Odd": SERVICE_UNKNOWN, "shop.Fresh": 0, "shop.Later": 77}
FAIL = {"shop.Secret": (grpc.StatusCode.UNAUTHENTICATED, "who are you? 50% grüße"),
        "shop.Closed": (grpc.StatusCode.PERMISSION_DENIED, "not hunter22-and-more"),
        "shop.Busy": (grpc.StatusCode.UNAVAILABLE, ""),
        "shop.Broken": (grpc.StatusCode.UNKNOWN, "it threw")}


def service_of(request):
    """HealthCheckRequest { string service = 1; }"""
    if not request:
        return ""
    assert request[0] == 0x0A and request[1] == len(request) - 2, request
    return request[2:].decode()


def check(request, context):
    service = service_of(request)
    metadata = dict(context.invocation_metadata())
    host = context._rpc_event.call_details.host.decode()  # there is no public way to :authority
    print("asked", repr(service), "of", host, round(context.time_remaining()),
          sorted(metadata.items()))
    if service == "shop.Slow":
        import time
        time.sleep(0.05)
        return bytes([0x08, SERVING])
    if service in FAIL:
        context.abort(*FAIL[service])
    if service not in STATUS:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    status = STATUS[service]
    return bytes([0x08, status]) if status else b""


def option(name, count):
    if name not in sys.argv:
        return None
    at = sys.argv.index(name) + 1
    values = []
    for value in sys.argv[at:at + count]:
        if value.startswith("--"):
            break
        values.append(value)
    return values


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    compression = grpc.Compression.Gzip if "--compress" in sys.argv else None
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), compression=compression)
    if "--no-health" not in sys.argv:
        method = grpc.unary_unary_rpc_method_handler(check)
        handler = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": method})
        server.add_generic_rpc_handlers((handler,))
    tls, unix = option("--tls", 3), option("--unix", 1)
    if tls:
        clients = read(tls[2]) if len(tls) > 2 else None
        credentials = grpc.ssl_server_credentials([(read(tls[1]), read(tls[0]))], clients,
                                                  clients is not None)
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    if unix:
        server.add_insecure_port("unix:" + unix[0])
    server.start()
    print(port)
    server.wait_for_termination()


main()
