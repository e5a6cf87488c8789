"""rage, by pyrage: decrypts every file of an encrypted backup, and looks for the databases and a photo in it.

python age_files.py KEY BACKUPS PHOTO
"""

import pathlib
import sqlite3
import sys
import tempfile

import pyrage

key, backups, photo = map(pathlib.Path, sys.argv[1:])
lines = key.read_text().splitlines()
identity = pyrage.x25519.Identity.from_str(next(line for line in lines if not line.startswith("#")))


def decrypt(path):
    return pyrage.decrypt(path.read_bytes(), [identity])


photos = [decrypt(path) for path in (backups / "files").rglob("*") if path.is_file()]
assert photo.read_bytes() in photos, f"the photo is not among {len(photos)} files"

snapshot, = (backups / "snapshots").iterdir()
files = {path.name: decrypt(path) for path in snapshot.glob("*.age")}
databases = [name for name in files if name.endswith(".db.age")]
assert "posts.db.age" in databases and "databases.list.age" in files, sorted(files)
with tempfile.TemporaryDirectory() as folder:
    for name in databases:
        copy = pathlib.Path(folder) / name
        copy.write_bytes(files[name])
        checked, = sqlite3.connect(copy).execute("PRAGMA integrity_check").fetchone()
        assert checked == "ok", (name, checked)

stranger = pyrage.x25519.Identity.generate()
try:
    pyrage.decrypt((snapshot / "posts.db.age").read_bytes(), [stranger])
except pyrage.DecryptError:
    print("all done with pyrage")
