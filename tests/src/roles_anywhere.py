"""A client of IAM Roles Anywhere, and a judge of the requests of other clients.

It shares no code with anything else here: it is written after the user's guide
(https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html)
with the package `cryptography`, to agree or to disagree.

    roles_anywhere.py --endpoint HOST:PORT --ca CA.pem --certificate C.pem --key K.pem [--chain I.pem] \\
        --trust-anchor-arn ARN --profile-arn ARN --role-arn ARN

signs a CreateSession, sends it, and prints the answer. Status 1 if that is not 201. With `--print`
the request is printed and not sent. What is signed can be bent: see `--help`.

    roles_anywhere.py --verify REQUEST.json [--region REGION] [--now 20260102T030405Z] [--ca CA.pem]

prints what is wrong with a request, a line for each fault; `ok` if there is none. Status 1 if there
is one. A request is an object like `--print` prints: method, path (with its query), headers, body.
"""

import argparse
import base64
import datetime
import hashlib
import http.client
import json
import re
import ssl
import sys
import urllib.parse

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

RSA, ECDSA = "AWS4-X509-RSA-SHA256", "AWS4-X509-ECDSA-SHA256"
SERVICE = "rolesanywhere"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
MAX_SKEW = datetime.timedelta(minutes=5)


# What is hashed and signed, for both directions.


def algorithm_of(public_key):
    """The algorithm that a key signs with, or None."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return RSA
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return ECDSA
    return None


def canonical_request(method, target, headers, signed, body):
    """The canonical form; `headers` is a list of pairs, `signed` the names that count."""
    path, _, query = target.partition("?")
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    quoted = sorted(
        (urllib.parse.quote(name, safe="-_.~"), urllib.parse.quote(value, safe="-_.~"))
        for name, value in pairs
    )
    lines = [method, path, "&".join(f"{name}={value}" for name, value in quoted)]
    for name in signed:
        values = [" ".join(value.split()) for other, value in headers if other.lower() == name]
        lines.append(f"{name}:{','.join(values)}")
    lines += ["", ";".join(signed), hashlib.sha256(body).hexdigest()]
    return "\n".join(lines)


def string_to_sign(algorithm, date, scope, canonical):
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return "\n".join([algorithm, date, scope, digest]).encode()


# Signing.


def der_base64(certificate):
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def sign(key, message):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(message, ec.ECDSA(hashes.SHA256()))


def parameters(options):
    """The query and the body."""
    names = {
        "profileArn": options.profile_arn,
        "roleArn": options.role_arn,
        "trustAnchorArn": options.trust_anchor_arn,
    }
    body = {}
    if options.duration is not None:
        body["durationSeconds"] = options.duration
    if options.role_session_name is not None:
        body["roleSessionName"] = options.role_session_name
    if options.names_in == "body":
        body.update(names)
        return "/sessions", json.dumps(body)
    return "/sessions?" + urllib.parse.urlencode(names), json.dumps(body)


def signed_request(options):
    """A request as `--print` prints it."""
    certificate = x509.load_pem_x509_certificate(read(options.certificate))
    key = serialization.load_pem_private_key(read(options.key), None)
    target, body = parameters(options)
    date = options.at or datetime.datetime.now(datetime.timezone.utc).strftime(DATE_FORMAT)
    headers = [
        ("Content-Type", "application/json"),
        ("Host", options.endpoint),
        ("X-Amz-Date", date),
        ("X-Amz-X509", der_base64(certificate)),
    ]
    if options.chain:
        chain = x509.load_pem_x509_certificates(read(options.chain))
        headers.append(("X-Amz-X509-Chain", ",".join(map(der_base64, chain))))
    signed = sorted({name.lower() for name, _ in headers} - set(options.unsigned))
    algorithm = options.algorithm or algorithm_of(key.public_key())
    scope = f"{options.scope_date or date[:8]}/{options.region}/{options.service}/aws4_request"
    canonical = canonical_request("POST", target, headers, signed, body.encode())
    signature = sign(key, string_to_sign(algorithm, date, scope, canonical)).hex()
    serial = certificate.serial_number if options.serial is None else options.serial
    authorization = (
        f"{algorithm} Credential={serial}/{scope}, "
        f"SignedHeaders={';'.join(signed)}, Signature={signature}"
    )
    headers.append(("Authorization", authorization))
    return {"method": "POST", "path": target, "headers": dict(headers), "body": body}


def send(options, request):
    context = ssl.create_default_context(cafile=options.ca)
    connection = http.client.HTTPSConnection(options.endpoint, context=context, timeout=30)
    connection.request(
        request["method"], request["path"], body=request["body"].encode(), headers=request["headers"]
    )
    answer = connection.getresponse()
    print(answer.read().decode())
    if answer.status != 201:
        print(answer.status, answer.headers["x-amzn-errortype"], file=sys.stderr)
        sys.exit(1)


# Judging.


def faults(request, region, now, anchor):
    """Everything that is wrong with a request, as far as one can go on looking."""
    headers = [(name.lower(), value) for name, value in request["headers"].items()]
    by_name = dict(headers)
    if len(by_name) != len(headers):
        yield "a header is there twice"
    path = request["path"].partition("?")[0]
    if (request["method"], path) != ("POST", "/sessions"):
        yield f"it is {request['method']} {path}, not POST /sessions"
    yield from wrong_parameters(request)
    try:
        certificate = certificates(by_name.get("x-amz-x509", ""))[0]
        chain = certificates(by_name["x-amz-x509-chain"]) if "x-amz-x509-chain" in by_name else []
    except ValueError as error:
        yield f"the certificates cannot be read: {error}"
        return
    yield from wrong_certificate(certificate, chain, now, anchor)
    form = re.fullmatch(
        r"(?P<algorithm>\S+) Credential=(?P<serial>\d+)/(?P<scope>[^,]+), "
        r"SignedHeaders=(?P<signed>[^,]+), Signature=(?P<signature>([0-9a-f]{2})+)",
        by_name.get("authorization", ""),
    )
    if not form:
        yield "the Authorization header does not have its form"
        return
    if form["algorithm"] != algorithm_of(certificate.public_key()):
        yield f"{form['algorithm']} is not what the certificate's key signs with"
    if int(form["serial"]) != certificate.serial_number:
        yield f"the serial number is {certificate.serial_number}, not {form['serial']}"
    date = by_name.get("x-amz-date", "")
    yield from wrong_date(date, now)
    if form["scope"] != f"{date[:8]}/{region}/{SERVICE}/aws4_request":
        yield f"the scope is {form['scope']}"
    signed = form["signed"].split(";")
    if signed != sorted(set(signed)) or form["signed"] != form["signed"].lower():
        yield "SignedHeaders is not a sorted list of lower-case names"
    must = {"host"} | {name for name in by_name if name == "content-type" or name.startswith("x-amz-")}
    for name in sorted(must - set(signed)):
        yield f"{name} is not signed"
    for name in sorted(set(signed) - set(by_name)):
        yield f"{name} is signed and not there"
    canonical = canonical_request(
        request["method"], request["path"], headers, signed, request["body"].encode()
    )
    message = string_to_sign(form["algorithm"], date, form["scope"], canonical)
    if not is_signed(certificate.public_key(), bytes.fromhex(form["signature"]), message):
        yield "the signature is not of this request by the certificate's key"


def wrong_parameters(request):
    query = dict(urllib.parse.parse_qsl(request["path"].partition("?")[2]))
    try:
        body = json.loads(request["body"] or "{}")
    except ValueError:
        yield "the body is not JSON"
        return
    for name in ["profileArn", "roleArn", "trustAnchorArn"]:
        if not (query.get(name) or body.get(name)):
            yield f"{name} is missing"
    duration = body.get("durationSeconds")
    if duration is not None and not (isinstance(duration, int) and 900 <= duration <= 43200):
        yield f"durationSeconds is {duration}"


def wrong_certificate(certificate, chain, now, anchor):
    if len(chain) > 5:
        yield "the chain is longer than five certificates"
    for each in [certificate, *chain]:
        if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
            yield f"the certificate of {each.subject.rfc4514_string()} is not valid now"
    extensions = certificate.extensions
    try:
        if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            yield "the signing certificate is one of a CA"
    except x509.ExtensionNotFound:
        pass
    try:
        if not extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature:
            yield "the signing certificate is not for digital signatures"
    except x509.ExtensionNotFound:
        yield "the signing certificate has no key usage"
    if anchor and not leads_to(certificate, [*chain, anchor], anchor):
        yield "the signing certificate does not lead to the trust anchor"


def leads_to(certificate, issuers, anchor):
    """Whether there is a way up; no certificate issues itself on it."""
    if certificate == anchor:
        return True
    for issuer in issuers:
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        if leads_to(issuer, [other for other in issuers if other != issuer], anchor):
            return True
    return False


def wrong_date(text, now):
    try:
        date = datetime.datetime.strptime(text, DATE_FORMAT).replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        yield f"X-Amz-Date is {text!r}"
        return
    if abs(date - now) > MAX_SKEW:
        yield f"it is dated {text}, and it is {now.strftime(DATE_FORMAT)}"


def certificates(header):
    return [
        x509.load_der_x509_certificate(base64.b64decode(text, validate=True))
        for text in header.split(",")
    ]


def is_signed(public_key, signature, message):
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            public_key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(public_key, ec.EllipticCurvePublicKey):
            public_key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            return False
        return True
    except InvalidSignature:
        return False


def verify(options):
    request = json.loads(read(options.verify))
    now = datetime.datetime.now(datetime.timezone.utc)
    if options.now:
        now = datetime.datetime.strptime(options.now, DATE_FORMAT).replace(tzinfo=datetime.timezone.utc)
    anchor = x509.load_pem_x509_certificate(read(options.ca)) if options.ca else None
    found = list(faults(request, options.region, now, anchor))
    print("\n".join(found or ["ok"]))
    sys.exit(1 if found else 0)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--verify", metavar="REQUEST.json")
    parser.add_argument("--now", metavar="DATE", help="for --verify: the time to judge by")
    parser.add_argument("--endpoint", metavar="HOST:PORT")
    parser.add_argument("--ca", metavar="FILE", help="what TLS trusts; for --verify: the trust anchor")
    parser.add_argument("--certificate", metavar="FILE")
    parser.add_argument("--key", metavar="FILE")
    parser.add_argument("--chain", metavar="FILE", help="intermediate certificates")
    parser.add_argument("--trust-anchor-arn", metavar="ARN")
    parser.add_argument("--profile-arn", metavar="ARN")
    parser.add_argument("--role-arn", metavar="ARN")
    parser.add_argument("--duration", type=int, metavar="SECONDS")
    parser.add_argument("--role-session-name", metavar="NAME")
    parser.add_argument("--names-in", choices=["query", "body"], default="query")
    parser.add_argument("--region", default="ap-northeast-1")
    parser.add_argument("--print", action="store_true", help="print the request in place of sending it")
    bent = parser.add_argument_group("what is signed, bent")
    bent.add_argument("--at", metavar="DATE", help="the date, as 20260102T030405Z")
    bent.add_argument("--scope-date", metavar="DAY", help="the date in the scope, as 20260102")
    bent.add_argument("--service", default=SERVICE)
    bent.add_argument("--algorithm", metavar="NAME")
    bent.add_argument("--serial", metavar="NUMBER")
    bent.add_argument("--unsigned", metavar="HEADER", action="append", default=[])
    options = parser.parse_args()
    if options.verify:
        verify(options)
    request = signed_request(options)
    if options.print:
        json.dump(request, sys.stdout)
    else:
        send(options, request)


if __name__ == "__main__":
    main()
