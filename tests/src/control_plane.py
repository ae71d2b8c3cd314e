"""moto's IAM, IoT, S3 and STS for a test: the control plane of an AWS account that nobody here wrote.

`argv` is the certificate and the key of an authority, and the endpoint of its credentials provider. Some things moto does not do as AWS: a certificate
that is made of a request has the request's key here, signed by the authority; its id is the fingerprint; a request without a body is checked as
one, whatever is in its path; and policies out of a template are texts. It prints one line of JSON when it is
ready: where it listens, and an administrator's access key. Every signature is checked. It ends with its standard input.
"""

import datetime
import json
import sys

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from moto import settings
from moto.iam.access_control import IAMRequestBase
from moto.iam.models import Role
from moto.iot import models
from moto.server import ThreadedMotoServer

authority, key, endpoint = sys.argv[1:]
with open(authority, "rb") as file:
    authority = x509.load_pem_x509_certificate(file.read())
with open(key, "rb") as file:
    key = serialization.load_pem_private_key(file.read(), None)


def signed(self, csr, set_as_active):
    request = x509.load_pem_x509_csr(csr.encode())
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(authority.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return self.register_certificate(pem, ca_certificate_pem=None, set_as_active=set_as_active, status="INACTIVE")


def described(self, endpoint_type):
    found = models.FakeEndpoint(endpoint_type, self.region_name)
    found.endpoint = endpoint
    return found


def without_parameters(self):
    if "x-www-form-urlencoded" not in self._headers.get("Content-Type", ""):
        self._data = b""
    return checked(self)


def written(self, policy_name, policy_document):
    is_text = isinstance(policy_document, str)
    return created(self, policy_name, policy_document if is_text else json.dumps(policy_document))


def inlined(self, policy_name, policy_json):
    self.policies[policy_name] = policy_json if isinstance(policy_json, str) else json.dumps(policy_json, separators=(",", ":"))


Role.put_policy = inlined
created = models.IoTBackend.create_policy
models.IoTBackend.create_policy = written
checked = IAMRequestBase._create_aws_request
IAMRequestBase._create_aws_request = without_parameters
settings.default_user_config["iot"] = {"use_valid_cert": True}
models.IoTBackend.create_certificate_from_csr = signed
models.IoTBackend.describe_endpoint = described

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"
iam = boto3.client(
    "iam", endpoint_url=url, region_name="ap-northeast-1", aws_access_key_id="setup", aws_secret_access_key="setup"
)
iam.create_user(UserName="administrator")
everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy(UserName="administrator", PolicyName="everything", PolicyDocument=json.dumps(everything))
access = iam.create_access_key(UserName="administrator")["AccessKey"]
# From now on, whoever signs wrongly is refused.
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print(json.dumps({"url": url, "id": access["AccessKeyId"], "secret": access["SecretAccessKey"]}), flush=True)
sys.stdin.read()
server.stop()
