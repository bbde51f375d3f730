"""The protocol of the systems: a JSON object a line in, one out.

In: {"do": name, ...}. The system calls its function of that name with the other keys and answers with what it returns, a
JSON object, or with {"error": text}. Times are taken here, around the work alone.
"""
import json, os, sys, time

OUT = os.fdopen(os.dup(1), "w")  # libraries print to standard output: let it go to standard error
os.dup2(2, 1)

def serve(functions):
    say({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say(functions[request.pop("do")](**request))
        except Exception as e:
            say({"error": f"{type(e).__name__}: {e}"})

def say(answer):
    OUT.write(json.dumps(answer) + "\n")
    OUT.flush()

def timed(work, *args):
    start = time.perf_counter()
    work(*args)
    return time.perf_counter() - start

def peak():
    """Bytes of memory that this process has held at most."""
    with open("/proc/self/status") as f:
        return {"bytes": next(int(l.split()[1]) for l in f if l.startswith("VmHWM")) * 1024}
