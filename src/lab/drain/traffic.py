"""Both ends of the lab's traffic.

traffic.py serve                      answers HTTP on port 8080; TERM ends it at once, as it ends most servers
traffic.py requests ADDRESS RATE      a connection each, so many a second, until TERM; prints how they ended as JSON
traffic.py connections ADDRESS COUNT SECONDS
                                      a request a second on each, for so long; prints when the last one was sent
"""

import asyncio
import collections
import json
import os
import signal
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REQUEST = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"
PATIENCE = 5  # seconds until a request counts as failed


async def serve():
    async def answer(reader, writer):
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "0.0.0.0", 8080, backlog=4096)
    await server.serve_forever()


async def exchange(reader, writer):
    writer.write(REQUEST)
    await reader.readexactly(len(ANSWER))


async def request(address, ends):
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(address, 8080)
            await exchange(reader, writer)
            writer.close()
        ends["ok"] += 1
    except (OSError, asyncio.IncompleteReadError) as failure:  # TimeoutError is an OSError
        ends[type(failure).__name__] += 1


async def requests(address, rate):
    """Open loop: a request starts when it is due, however slow the others are."""
    ends, running, stop = collections.Counter(), set(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    start, count = time.monotonic(), 0
    while not stop.is_set():
        await asyncio.sleep(max(0, start + count / rate - time.monotonic()))
        task = asyncio.create_task(request(address, ends))
        running.add(task)
        task.add_done_callback(running.discard)
        count += 1
    await asyncio.gather(*running)
    print(json.dumps(ends))


async def connections(address, count, seconds):
    last = 0
    end = time.monotonic() + seconds

    async def one(number):
        nonlocal last
        await asyncio.sleep(number / count)
        reader, writer = await asyncio.open_connection(address, 8080)
        while time.monotonic() < end:
            last = max(last, time.monotonic())
            await exchange(reader, writer)
            await asyncio.sleep(1)
        await asyncio.sleep(seconds + 10)  # idle, but open

    async def tell():
        await asyncio.sleep(max(0, end + 1.5 - time.monotonic()))
        print(last, flush=True)

    try:
        await asyncio.gather(tell(), *(one(number) for number in range(count)))
    except asyncio.CancelledError:
        pass


if __name__ == "__main__":
    role, arguments = sys.argv[1], sys.argv[2:]
    if role == "serve":
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        asyncio.run(serve())
    elif role == "requests":
        asyncio.run(requests(arguments[0], float(arguments[1])))
    else:
        asyncio.run(connections(arguments[0], int(arguments[1]), float(arguments[2])))
