"""A repository as the reference implementation of TUF makes one, with keys of every kind that TUF has.

`argv` is a directory for it, the name and the file of a component, and the JSON of its `custom.sealift`.
"""

import datetime
import hashlib
import json
import pathlib
import sys

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

directory, name, component, manifest = sys.argv[1:]
metadata, targets = (pathlib.Path(directory, part) for part in ["metadata", "targets"])
metadata.mkdir(parents=True)
targets.mkdir()
contents = pathlib.Path(component).read_bytes()
expires = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=1)

signers = {
    "root": [CryptoSigner.generate_ed25519() for _ in range(3)],
    "targets": [CryptoSigner.generate_ecdsa(), CryptoSigner.generate_rsa()],
    "snapshot": [CryptoSigner.generate_rsa()],
    "timestamp": [CryptoSigner.generate_ed25519()],
}
root = Root(expires=expires, consistent_snapshot=True)
for role, keys in signers.items():
    for signer in keys:
        root.add_key(signer.public_key, role)
root.roles["root"].threshold = 2
root.roles["targets"].threshold = 2

listed = Targets(expires=expires)
listed.targets[name] = TargetFile.from_data(name, contents, ["sha256"])
listed.targets[name].unrecognized_fields["custom"] = {"sealift": json.loads(manifest)}
(targets / f"{hashlib.sha256(contents).hexdigest()}.{name}").write_bytes(contents)


def put(role, signed, file):
    document = Metadata(signed)
    for signer in signers[role]:
        document.sign(signer, append=True)
    document.to_file(str(metadata / file))
    written = (metadata / file).read_bytes()
    return MetaFile.from_data(signed.version, written, ["sha256"])


put("root", root, "1.root.json")
snapshot = Snapshot(expires=expires, meta={"targets.json": put("targets", listed, "1.targets.json")})
named = put("snapshot", snapshot, "1.snapshot.json")
put("timestamp", Timestamp(expires=expires, snapshot_meta=named), "timestamp.json")
