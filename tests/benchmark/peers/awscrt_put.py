"""Uploads files with awscrt's S3 client, CRC64NVME in the trailer, with static credentials."""

import argparse
import os
import sys

from awscrt import auth, http, io, s3


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ca", required=True)
    parser.add_argument("--host", required=True, help="HOST:PORT of the store")
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--in-flight", type=int, default=4, help="objects under way at a time")
    parser.add_argument("--single", action="store_true", help="one PUT per object, one connection")
    parser.add_argument("files", nargs="+", help="files, or directories to take the files of")
    return parser.parse_args()


def files_of(paths):
    for path in paths:
        if os.path.isdir(path):
            yield from (entry.path for entry in os.scandir(path))
        else:
            yield path


def client(options):
    tls = io.TlsContextOptions()
    tls.override_default_trust_store_from_path(None, options.ca)
    connection = io.ClientTlsContext(tls).new_connection_options()
    connection.set_server_name(options.host.rsplit(":", 1)[0])
    provider = auth.AwsCredentialsProvider.new_static(
        os.environ["AWS_ACCESS_KEY_ID"],
        os.environ["AWS_SECRET_ACCESS_KEY"],
        os.environ["AWS_SESSION_TOKEN"],
    )
    signing = s3.create_default_s3_signing_config(
        region=os.environ["AWS_REGION"], credential_provider=provider
    )
    more = {}
    if options.single:
        more = {"multipart_upload_threshold": 5 << 30, "max_active_connections_override": 1}
    return s3.S3Client(
        region=os.environ["AWS_REGION"],
        tls_mode=s3.S3RequestTlsMode.ENABLED,
        tls_connection_options=connection,
        signing_config=signing,
        **more,
    )


def start(s3_client, options, path):
    headers = http.HttpHeaders(
        [("Host", options.host), ("Content-Length", str(os.path.getsize(path)))]
    )
    target = f"/{options.bucket}/{os.path.basename(path)}"
    return s3_client.make_request(
        type=s3.S3RequestType.PUT_OBJECT,
        request=http.HttpRequest("PUT", target, headers),
        send_filepath=path,
        checksum_config=s3.S3ChecksumConfig(
            algorithm=s3.S3ChecksumAlgorithm.CRC64NVME,
            location=s3.S3ChecksumLocation.TRAILER,
        ),
    )


def main():
    options = arguments()
    s3_client = client(options)
    under_way = []
    for path in files_of(options.files):
        if len(under_way) == options.in_flight:
            under_way.pop(0).finished_future.result(600)
        under_way.append(start(s3_client, options, path))
    for request in under_way:
        request.finished_future.result(600)


if __name__ == "__main__":
    sys.exit(main())
