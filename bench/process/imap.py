"""Gives items back through multiprocessing.imap_unordered; prints ns an item."""
import multiprocessing
import sys
import time


def echo(item):
    return item


if __name__ == "__main__":
    size, n, chunk, workers = map(int, sys.argv[1:])
    item = bytearray(b"x" * size)  # copied for each: pickle sends an object once a chunk
    with multiprocessing.Pool(workers) as pool:
        for _ in pool.imap_unordered(echo, [bytes(item)] * 100, chunk):
            pass
        begun = time.perf_counter()
        for _ in pool.imap_unordered(echo, (bytes(item) for _ in range(n)), chunk):
            pass
        print((time.perf_counter() - begun) / n * 1e9)
