"""A fake of the vendor's REST API on a real socket, for tests, benchmarks and demonstrations.

with FakeMassive(ChainBook.of(load_capture(path, day=today))) as fake:
    fake.inject(Fault(faults.status(503), page=2, times=1))
    ...  # a client on fake.url with the key "demo"
    assert fake.count("/v3/snapshot/options/*", status=503) == 1
"""

from . import faults
from .capture import load_capture
from .chains import Chain, ChainBook, IndexQuote
from .faults import Fault
from .generator import expirations, generate, generate_count
from .server import FakeMassive

__all__ = [
    "Chain",
    "ChainBook",
    "FakeMassive",
    "Fault",
    "IndexQuote",
    "expirations",
    "faults",
    "generate",
    "generate_count",
    "load_capture",
]
