"""What the scripts share that write reference values: JSON and bytes, gzipped where the name says so."""
import gzip
import json
import os

import numpy as np


def read_bytes(name):
    with (gzip.open if name.endswith(".gz") else open)(name, "rb") as f:
        return f.read()


def read(name):
    return json.loads(read_bytes(name))


def write_bytes(name, data):
    """Leaves a file alone that holds the data already: other versions of zlib would compress it to other bytes."""
    if os.path.exists(name) and read_bytes(name) == data:
        return
    with open(name, "wb") as f:
        f.write(gzip.compress(data, 9, mtime=0) if name.endswith(".gz") else data)


def write(name, value, **layout):
    write_bytes(name, json.dumps(value, **layout).encode())


def with_null(x):
    """Rows of numbers, NaN (missing) as null."""
    return [[None if np.isnan(v) else float(v) for v in row] for row in x]
