"""`run`: check, prepare the data, and become the server."""

import argparse
import ipaddress
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from commands import preflight as ask
from commands.parsing import ChineseParser, Subparsers, command_parser
from commands.processes import PROJECT_DIR, hand_over
from db.location import Location

if TYPE_CHECKING:
    from commands.certificates import Certificate

PLAIN_WARNING = (
    "注意：别的机器也能打开这个地址，而传输没有加密，同一网络里的人可能看到内容。"
    "请加上 --https，或用 --cert 和 --key 给出学校的证书。"
)


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `run`."""
    add_server_options(command_parser(subparsers, "run"))


def add_server_options(parser: ChineseParser) -> None:
    """Declare how the server is reached; the service takes the same options."""
    parser.add_argument("--port", type=_port, default=8501, metavar="端口", help="在哪个端口（不写就是 8501）")
    parser.add_argument(
        "--address",
        default="127.0.0.1",
        metavar="地址",
        help="在哪个地址（不写就是 127.0.0.1，只有这台机器能打开；0.0.0.0 让同一网络的机器都能打开）",
    )
    parser.add_argument(
        "--proxy",
        type=_proxies,
        default=os.environ.get("CARE_TRUSTED_PROXY", ""),
        metavar="地址",
        help="前面有反向代理时，它的地址（几个用逗号隔开）；只有它说的来访地址才算数，不写就谁说的都不算",
    )
    parser.add_argument("--cert", metavar="文件", help="学校的证书，PEM 格式，和 --key 一起用")
    parser.add_argument("--key", metavar="文件", help="证书的私钥，PEM 格式，不带密码")
    parser.add_argument("--https", action="store_true", help="自己做一张证书，让传输加密")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError("要写 1 到 65535 之间的整数。")
    return int(text)


def _proxies(text: str) -> str:
    try:
        return ",".join(str(ipaddress.ip_network(each.strip(), strict=False)) for each in text.split(",") if each)
    except ValueError:
        raise argparse.ArgumentTypeError("要写代理的 IP 地址，例如 127.0.0.1，几个用逗号隔开。") from None


def preflight(args: argparse.Namespace) -> None:
    """Refuse what can be refused before anything is installed or written.

    Raises:
        CommandProblem, FolderReadOnly: the server could not run like this.
    """
    location = Location.from_environment(args.data)
    ask.check_folder(location.data_dir)
    if not location.key_file.exists():
        ask.check_folder(location.key_file.parent)
    ask.check_port(args.address, args.port)
    ask.check_certificate(args.cert, args.key, https=args.https)


def run(args: argparse.Namespace) -> int:
    """Prepare the data and become the server; returns only where a process can't become another.

    Raises:
        StartupProblem: the data can't be opened as they are.
    """
    from db import engine, upgrade
    from services import setup

    location = Location.from_environment(args.data)
    upgrade.prepare(location)
    certificate = _make_certificate(args, location) if args.https else None
    addresses = list_addresses(args)
    if code := setup.announce_claim_code(location):
        print(claim_block(code, addresses[0]))
    if not is_encrypted(args) and not ask.is_loopback(args.address):
        print(PLAIN_WARNING, file=sys.stderr)
    print(f"关爱室正在启动，请用浏览器打开：{' 或 '.join(addresses)}")
    engine.runtime().engine.dispose()  # the server opens its own
    hand_over(server_command(args, certificate), env=server_environment(args, location))


def is_encrypted(args: argparse.Namespace) -> bool:
    """Tell whether the way from the browser to this server is encrypted."""
    return bool(args.https or args.cert)


def list_addresses(args: argparse.Namespace) -> list[str]:
    """List what can be typed into a browser, the likeliest first."""
    scheme = "https" if is_encrypted(args) else "http"
    hosts = [args.address]
    if ask.is_wildcard(args.address):
        hosts = [host for host in ask.find_own_addresses() if ":" not in host][:3] or ["127.0.0.1"]
    return [f"{scheme}://{f'[{host}]' if ':' in host else host}:{args.port}" for host in hosts]


def claim_block(code: str, address: str) -> str:
    """Draw the one-time code of the first start so that nobody overlooks it."""
    lines = [
        "",
        "═" * 64,
        "  第一次使用",
        f"  1. 用浏览器打开  {address}",
        f"  2. 在页面上填这个一次性启用码：  {code}",
        "  谁有这个码，谁就能建第一个管理员账号，请不要给别人看。",
        "═" * 64,
        "",
    ]
    return "\n".join(lines)


def server_command(args: argparse.Namespace, certificate: "Certificate | None") -> list[str]:
    """Compose the line that starts the server in this same Python."""
    # -P: a folder called db or ui where the command was typed must not take the place of ours.
    command = [sys.executable, "-P", str(PROJECT_DIR / "commands" / "serve.py"), "run", str(PROJECT_DIR / "app.py")]
    command += ["--server.port", str(args.port), "--server.address", args.address, "--server.headless", "true"]
    # Without this, Streamlit asks another host for this machine's public address when it listens on 0.0.0.0.
    command += ["--logger.hideWelcomeMessage", "true"]
    cert, key = (certificate.cert_file, certificate.key_file) if certificate else (args.cert, args.key)
    if cert and key:
        command += ["--server.sslCertFile", str(Path(cert).resolve()), "--server.sslKeyFile", str(Path(key).resolve())]
    return command


def server_environment(args: argparse.Namespace, location: Location) -> dict[str, str]:
    """Tell the server where its data are, whether the way to it is in the clear, and whom to believe who is asking.

    Left alone, the server believes whatever address a request from this machine gives itself.
    """
    environment = {**os.environ, "CARE_DATA_DIR": str(location.data_dir), "CARE_KEY_FILE": str(location.key_file)}
    environment["FORWARDED_ALLOW_IPS"] = args.proxy
    environment.pop("CARE_UNENCRYPTED", None)
    if not is_encrypted(args) and not ask.is_loopback(args.address):
        environment["CARE_UNENCRYPTED"] = "1"
    return environment


def _make_certificate(args: argparse.Namespace, location: Location) -> "Certificate":
    from commands.certificates import ensure_certificate, list_names

    certificate = ensure_certificate(location.data_dir / "tls", names=list_names(args.address))
    print(
        "用的是自己做的证书。浏览器第一次打开时会说“您的连接不是私密连接”或“有安全风险”：\n"
        "请先点开证书，核对指纹和下面这一行一样，再点“高级”，选“继续前往”。\n"
        f"指纹（SHA-256）：{certificate.fingerprint}\n"
        f"证书用到 {certificate.last_day:%Y-%m-%d}，到期后再启动一次会换新的。"
    )
    return certificate
