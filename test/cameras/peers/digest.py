"""The camera's side of Digest authentication: RFC 7616 (HTTP) and RFC 2069 (RTSP), with MD5."""

from __future__ import annotations

import hashlib
import re
import secrets

USER, REALM = "operator", "thermal camera"
NONCE = secrets.token_hex(8)


def challenge(with_qop: bool = True) -> str:
    qop = ', qop="auth"' if with_qop else ""
    return f'Digest realm="{REALM}", nonce="{NONCE}", algorithm=MD5{qop}'


def is_right(header: str, method: str, password: str) -> bool:
    """Whether that Authorization header proves the password."""
    fields = {k: q or p for k, q, p in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]*))', header)}
    chain = [_md5(f"{USER}:{REALM}:{password}"), NONCE]
    if "qop" in fields:
        chain += [fields.get("nc", ""), fields.get("cnonce", ""), fields["qop"]]
    chain.append(_md5(f"{method}:{fields.get('uri', '')}"))
    return fields.get("response") == _md5(":".join(chain)) and fields.get("username") == USER


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
