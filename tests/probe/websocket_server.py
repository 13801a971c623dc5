# SPDX-License-Identifier: Apache-2.0
# Copyright The Tocsin Authors
"""A WebSocket server for tests, on Debian's python3-websockets. What it does is in the path asked
for; each line that it prints behind the port says what it saw of a client.

usage: websocket_server.py [CERTIFICATE KEY]
"""
import asyncio
import base64
import http
import ssl
import sys

import websockets


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def slow(socket):
    async for message in socket:
        await asyncio.sleep(0.05)
        await socket.send(message)


async def greet(socket):
    """Says more than it is asked for."""
    await socket.send("hello")
    await socket.send("motd: be kind")
    await socket.send("ready")
    async for message in socket:
        if message == "LOGIN me hunter22-and-more":
            await socket.send("OK you are in")
        elif message == b"\x01\x00":
            await socket.send(b"\xff\x01\x01")
        else:
            await socket.send("ERR " + repr(message))


async def pieces(socket):
    """A message in fragments, and a ping of its own between messages, which has to be answered."""
    async for message in socket:
        await (await socket.ping(b"are you there"))
        await socket.send([message[:2], message[2:4], "", message[4:]])


async def big(socket):
    await socket.send("x" * 100_000)
    await socket.wait_closed()


async def silent(socket):
    await socket.wait_closed()


async def end(socket):
    await socket.recv()
    await socket.close(1008, "not you, hunter22-and-more")


async def facts(socket):
    """What came with the handshake."""
    headers = socket.request_headers
    names = ("Host", "Origin", "User-Agent", "X-Team", "Sec-WebSocket-Protocol")
    await socket.send("; ".join(f"{name}={headers.get(name)}" for name in names))
    await socket.wait_closed()


HANDLERS = {"/echo": echo, "/slow": slow, "/greet": greet, "/pieces": pieces, "/big": big,
            "/silent": silent, "/end": end, "/facts": facts, "/login": echo}


async def handle(socket):
    await HANDLERS.get(socket.path.split("?")[0], echo)(socket)
    await socket.wait_closed()
    print("closed", socket.path, socket.close_code)


async def before(path, headers):
    """Answers that are no WebSocket."""
    if path == "/login":
        wanted = "Basic " + base64.b64encode(b"me:p@ss").decode()
        if headers.get("Authorization") != wanted:
            return http.HTTPStatus.UNAUTHORIZED, [("WWW-Authenticate", "Basic realm=x")], b"no"
    if path == "/forbidden":
        return http.HTTPStatus.FORBIDDEN, [], b"no"
    if path == "/moved":
        location = "https://shop.example.net/live?token=abc"
        return http.HTTPStatus.MOVED_PERMANENTLY, [("Location", location)], b""
    return None


async def main():
    context = None
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
    async with websockets.serve(handle, "127.0.0.1", 0, ssl=context, process_request=before,
                                subprotocols=["feed.v2", "chat"]) as server:
        print(server.sockets[0].getsockname()[1])
        await asyncio.Future()


asyncio.run(main())
