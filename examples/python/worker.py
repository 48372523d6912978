"""A worker: reads a JSON value in each line, answers by one."""
import json
import sys

for line in sys.stdin:
    text = json.loads(line)["text"]
    answer = {"words": len(text.split()), "longest": max(text.split(), key=len, default="")}
    print(json.dumps(answer), flush=True)  # without the flush nobody would ever see it
