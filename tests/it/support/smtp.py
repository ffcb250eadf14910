"""A mail server on 127.0.0.1 that takes mail only from who logs in over TLS, and writes each into a folder.

smtp.py FOLDER starttls|tls|plain CERTIFICATE KEY: prints its port, then serves until its input ends.
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

FOLDER, KIND, CERTIFICATE, KEY = sys.argv[1:]


class Keep:
    def __init__(self):
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        head = f"TLS: {session.ssl is not None or KIND == 'tls'}\nUSER: {session.auth_data}\nTO: {envelope.rcpt_tos}\n"
        body = head.encode() + envelope.content
        part = pathlib.Path(FOLDER, f"{self.count}.part")
        part.write_bytes(body)
        part.rename(pathlib.Path(FOLDER, f"{self.count}.eml"))
        return "250 OK"


def log_in(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data.login == b"drill@example.com" and data.password == b"planted/SMTP password"
    return AuthResult(success=right, handled=False, auth_data="drill" if right else None)


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    return context


SETTINGS = {
    "starttls": {"require_starttls": True, "authenticator": log_in, "auth_required": True},
    "tls": {"authenticator": log_in, "auth_required": True, "auth_require_tls": False},
    "plain": {},
}


async def main():
    loop, keep, settings = asyncio.get_running_loop(), Keep(), SETTINGS[KIND]
    if KIND == "starttls":
        settings["tls_context"] = tls()
    wrapped = tls() if KIND == "tls" else None
    server = await loop.create_server(lambda: SMTP(keep, **settings), "127.0.0.1", 0, ssl=wrapped)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
