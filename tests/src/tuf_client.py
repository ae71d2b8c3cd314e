"""What the reference implementation of TUF finds in a repository, and downloads.

`argv` is the repository's directory, the root to start from, a target, and a directory for what comes in. The directory is
served over HTTP, as any web server does. It prints one line of JSON: the versions of metadata, the target's custom
metadata, and the file that was downloaded.
"""

import functools
import http.server
import json
import pathlib
import sys
import threading

from tuf.ngclient import Updater

repository, root, target, incoming = sys.argv[1:]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


handler = functools.partial(Quiet, directory=repository)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"

trusted = pathlib.Path(incoming, "trusted")
trusted.mkdir()
updater = Updater(
    metadata_dir=str(trusted),
    metadata_base_url=f"{url}/metadata/",
    target_dir=incoming,
    target_base_url=f"{url}/targets/",
    bootstrap=pathlib.Path(root).read_bytes(),
)
updater.refresh()
found = updater.get_targetinfo(target)
versions = {
    role: json.loads((trusted / f"{role}.json").read_text())["signed"]["version"]
    for role in ["root", "targets", "snapshot", "timestamp"]
}
told = {
    "versions": versions,
    "custom": found and found.custom,
    "file": found and updater.download_target(found),
}
print(json.dumps(told))
server.shutdown()
