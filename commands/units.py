"""What a service manager is given to start the server at every boot: texts only, nothing is written here.

Standard library only.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

NAME = "care-room"
TITLE = "关爱室"
UNVERIFIED = "还没有在 Windows 上实际试过（not verified on Windows）"
ENVIRONMENT_FILE = Path("/etc/care-room.env")
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))

UNIT = """\
# 由 manage.py service install 写成；要改，请先 service remove，再用新的选项装一次。
[Unit]
Description={title}
After=network-online.target
Wants=network-online.target
RequiresMountsFor={mounts}
StartLimitIntervalSec=0

[Service]
Type=exec
Environment=PYTHONUTF8=1
Environment={key_setting}
EnvironmentFile=-{environment_file}
ExecStart={command}
Restart=always
RestartSec=5
TimeoutStopSec=30
{account}UMask=0077
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome={homes}
ReadWritePaths={mounts}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""

TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<!-- {unverified} -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{title}：开机自动启动。{unverified}</Description>
  </RegistrationInfo>
  <Triggers>
    <BootTrigger><Enabled>true</Enabled></BootTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>S-1-5-18</UserId>
      <RunLevel>HighestAvailable</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{folder}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""

# Up to `chcp` the console reads bytes of an unknown code page, so what stands before it is ASCII.
BATCH = """\
@echo off
rem not verified on Windows
chcp 65001 >nul
rem {unverified}
cd /d "%~dp0"
set STARTER=python
where py >nul 2>nul && set STARTER=py -3
%STARTER% manage.py run %*
if errorlevel 1 pause
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the server is to be started; every path is absolute."""

    python: Path
    project: Path
    data_dir: Path
    key_file: Path
    address: str
    port: int
    https: bool = False
    cert: Path | None = None
    key: Path | None = None
    user: str | None = None
    proxy: str = ""

    @property
    def words(self) -> list[str]:
        """The typed line that starts the server, the interpreter first."""
        words = [str(self.python), str(self.project / "manage.py"), "run", "--data", str(self.data_dir)]
        words += ["--address", self.address, "--port", str(self.port)]
        if self.proxy:
            words += ["--proxy", self.proxy]
        if self.https:
            words.append("--https")
        if self.cert and self.key:
            words += ["--cert", str(self.cert), "--key", str(self.key)]
        return words

    @property
    def paths(self) -> list[Path]:
        """Everything the server must reach."""
        given = [self.python, self.project, self.data_dir, self.key_file, self.cert, self.key]
        return [path for path in given if path is not None]


def unit_text(plan: Plan) -> str:
    """Write the systemd unit."""
    program, *words = plan.words
    # A dollar in the program's own path is no variable; in what follows it would be one.
    command = [_quoted(program), *(_quoted(word).replace("$", "$$") for word in words)]
    folders = dict.fromkeys([plan.data_dir, plan.key_file.parent])
    reached = [*plan.paths, Path(os.path.realpath(plan.python))]
    at_home = any(path.is_relative_to(home) for path in reached for home in HOMES)
    return UNIT.format(
        title=TITLE,
        mounts=" ".join(_quoted(str(folder)) for folder in folders),
        key_setting=_quoted(f"CARE_KEY_FILE={plan.key_file}"),
        environment_file=ENVIRONMENT_FILE,
        command=" ".join(command),
        account=_account(plan),
        homes="read-only" if at_home else "yes",
    )


def _account(plan: Plan) -> str:
    if plan.user is None:
        return ""
    if plan.port >= 1024:
        return f"User={plan.user}\nCapabilityBoundingSet=\n"
    return f"User={plan.user}\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"


def _quoted(word: str) -> str:
    """Quote a word as systemd reads it; %% is its percent sign. Quotes and backslashes are refused earlier."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'


def task_text(plan: Plan) -> str:
    """Write the start-up task as Windows' scheduler imports it."""
    program, *words = plan.words
    return TASK.format(
        title=TITLE,
        unverified=UNVERIFIED,
        program=escape(program),
        arguments=escape(subprocess.list2cmdline(words)),
        folder=escape(str(plan.project)),
    )


def batch_text() -> str:
    """Write what a double-click starts on Windows, with the line ends its console wants."""
    return BATCH.format(unverified=UNVERIFIED).replace("\n", "\r\n")


def sample_plan() -> Plan:
    """Return the plan of the sample in `deploy/`: program, data and key each in a folder of the system's."""
    project = Path("/opt/care-room")
    return Plan(
        python=project / ".venv/bin/python",
        project=project,
        data_dir=Path("/srv/care-room/data"),
        key_file=Path("/srv/care-room/data-key/care.key"),
        address="0.0.0.0",  # noqa: S104  the school's other machines are to reach it
        port=8501,
        https=True,
        user="care",
    )
