"""moto over TLS, for a test: S3, STS and other services that nobody here wrote.

It checks every signature with botocore's own signer, and session tokens with those that its STS handed
out. `argv` is a certificate, its key, the authority behind it, and a bucket to make. It prints one line of JSON when it is ready: where it listens,
and the credentials of a role that may do everything in some services, as the IoT provider tells them. It ends with its standard input.
"""

import json
import sys
import threading

import boto3
from moto import settings
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

certificate, key, ca, bucket = sys.argv[1:]
app = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=(certificate, key))
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"https://127.0.0.1:{server.port}"


def client(service):
    return boto3.client(
        service,
        endpoint_url=url,
        verify=ca,
        region_name="ap-northeast-1",
        aws_access_key_id="setup",
        aws_secret_access_key="setup",
    )


def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
trust = policy(Action="sts:AssumeRole", Principal={"AWS": "*"})
role = client("iam").create_role(RoleName="uploads", AssumeRolePolicyDocument=trust)["Role"]
services = ["dynamodb", "kinesis", "logs", "s3", "secretsmanager", "sns", "sqs"]
everything = policy(Action=[f"{service}:*" for service in services], Resource="*")
client("iam").put_role_policy(RoleName="uploads", PolicyName="everything", PolicyDocument=everything)
session = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="thing")["Credentials"]
# From now on, whoever signs wrongly is refused.
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0

credentials = {
    "accessKeyId": session["AccessKeyId"],
    "secretAccessKey": session["SecretAccessKey"],
    "sessionToken": session["SessionToken"],
    "expiration": session["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
}
print(json.dumps({"url": url, "credentials": credentials}), flush=True)
sys.stdin.read()
server.shutdown()
