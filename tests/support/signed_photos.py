"""Small photos with Content Credentials, signed by an authority that each run of the tests makes anew."""

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
ISSUER, SIGNER = "Test Authority", "Test Signer"

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
}


@cache
def certificates() -> tuple[str, str, str]:
    """Make an authority and a signer: the authority's certificate, the signer's chain, the signer's key, all PEM."""
    authority_key, signer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name, signer_name = (
        x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, ISSUER), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        for name in ("Test Root", SIGNER)
    )
    root = _certificate(authority_name, authority_name, authority_key, authority_key, is_authority=True)
    leaf = _certificate(signer_name, authority_name, signer_key, authority_key, is_authority=False)
    pem = serialization.Encoding.PEM
    key = signer_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return root.public_bytes(pem).decode(), (leaf.public_bytes(pem) + root.public_bytes(pem)).decode(), key


_UNUSED = (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "encipher_only",
    "decipher_only",
)
"""What a key can be for and these are not."""


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = dict.fromkeys(_UNUSED, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=10))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=is_authority, crl_sign=is_authority, **usage),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not is_authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def action(label: str, term: str = "", software: str = "") -> dict[str, str]:
    """Describe one action of a manifest."""
    described = {"action": label}
    if term:
        described["digitalSourceType"] = IPTC + term
    if software:
        described["softwareAgent"] = software
    return described


def signed(
    data: bytes,
    actions: Sequence[dict[str, str]],
    ingredients: Sequence[tuple[str, bytes]] = (),
    *,
    kind: str = "JPEG",
    generator: str = "Test Editor",
) -> bytes:
    """Sign a file.

    Parameters
    ----------
    data : bytes
        The file without credentials.
    actions : sequence of dict
        From `action`.
    ingredients : sequence of (relation, file)
        Such as ``("componentOf", file)``; JPEG, signed or not.
    kind : str
        Format of the file.
    generator : str
        Program that claims to have written the manifest.
    """
    import c2pa

    _, chain, key = certificates()
    manifest = {
        "claim_generator_info": [{"name": generator, "version": "1.0"}],
        "title": "photo",
        "assertions": [{"label": "c2pa.actions", "data": {"actions": list(actions)}}],
    }
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo("es256", chain.encode(), key.encode(), None))
    settings = {"verify": {"verify_after_sign": False, "remote_manifest_fetch": False}}
    context = c2pa.Context.from_dict(settings)
    builder = c2pa.Builder.from_json(json.dumps(manifest), context=context)
    for relation, part in ingredients:
        builder.add_ingredient(json.dumps({"title": "part", "relationship": relation}), "image/jpeg", io.BytesIO(part))
    out = io.BytesIO()
    builder.sign(signer, MEDIA_TYPES[kind], io.BytesIO(data), out)
    return out.getvalue()
