"""tuspy, as its users use it: a file in chunks, each with its checksum, and retries when the connection breaks.

python tus_py.py ENDPOINT TOKEN PHOTO
"""

import sys

from tusclient.client import TusClient

endpoint, token, photo = sys.argv[1:]
client = TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
uploader = client.uploader(
    photo,
    chunk_size=600_000,
    metadata={"filename": "IMG_0001.JPG", "description": "Möwe über dem Meer"},
    retries=100,
    retry_delay=0.1,
    upload_checksum=True,
)
uploader.upload()
print("media", uploader.request.response_headers["heliograph-media-id"])
