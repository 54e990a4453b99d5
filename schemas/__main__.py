"""`python -m schemas`: write every schema file anew."""

from schemas.catalogue import files

for path, body in files().items():
    path.write_bytes(body)
