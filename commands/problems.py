"""What keeps a command from doing its work, each as one Chinese sentence that says what to do next."""

from collections.abc import Sequence
from pathlib import Path

from db import errors


class CommandProblem(Exception):
    """A command can't do its work, for a reason that people can mend; subclasses carry the facts."""


class PortTaken(CommandProblem):
    """Another program listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.port = port
        self.other = port + 1 if port < 65535 else 8501


class PortForbidden(CommandProblem):
    """The operating system keeps the port for its administrator."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.port = port


class AddressElsewhere(CommandProblem):
    """The address does not belong to this machine."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class CertificateAlone(CommandProblem):
    """Of certificate and key only one was given."""

    def __init__(self, given: str, missing: str) -> None:
        super().__init__(given, missing)
        self.given = given
        self.missing = missing


class CertificateTwice(CommandProblem):
    """Both a certificate and --https were given."""


class FileUnreadable(CommandProblem):
    """A file named on the command line is not there or may not be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class DayUnreadable(CommandProblem):
    """What is typed as a day is none."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class DayTooFar(DayUnreadable):
    """A day no school year of the program can lie in."""


class PackageRefused(CommandProblem):
    """A package of archives that its password doesn't open, or that was damaged or changed: nobody can tell which."""


class NoCertificateInside(FileUnreadable):
    """The file holds no certificate in PEM form."""


class NoKeyInside(FileUnreadable):
    """The file holds no private key in PEM form."""


class KeyHasPassword(FileUnreadable):
    """The private key is locked with a password, which nobody could type at a restart."""


class CertificateKeyMismatch(CommandProblem):
    """Certificate and key do not belong together."""

    def __init__(self, cert: Path, key: Path) -> None:
        super().__init__(cert, key)
        self.cert = cert
        self.key = key


class VenvUnavailable(CommandProblem):
    """This Python cannot make virtual environments; on Debian that is a package of its own."""


class VenvStrange(CommandProblem):
    """The folder of the virtual environment is there, but its Python is not the one that ran."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class PackagesOutOfReach(CommandProblem):
    """Neither the network nor the wheels folder has the packages."""

    def __init__(self, requirements: str) -> None:
        super().__init__(requirements)
        self.requirements = requirements


class WheelsIncomplete(PackagesOutOfReach):
    """The wheels folder lacks packages, or has them for another kind of machine, and the network is out of reach."""

    def __init__(self, requirements: str, lacking: str, machine: str) -> None:
        super().__init__(requirements)
        self.lacking = lacking
        self.machine = machine


class WheelsDamaged(CommandProblem):
    """Files in the wheels folder are not as they were when it was filled: a copy broke off."""

    def __init__(self, path: Path, files: str) -> None:
        super().__init__(path, files)
        self.path = path
        self.files = files


class NetworkMissing(CommandProblem):
    """Packages were to be fetched, and the network or the index could not be reached."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class InstallBroken(CommandProblem):
    """The installation ended for another reason than the network."""

    def __init__(self, log: Path) -> None:
        super().__init__(log)
        self.log = log


class ToolsMissing(CommandProblem):
    """What the tests need is not installed, and this run may not skip it."""

    def __init__(self, tools: str, packages: str) -> None:
        super().__init__(tools, packages)
        self.tools = tools
        self.packages = packages


class UserUnknown(CommandProblem):
    """The account named with --as is not there, or disabled."""

    def __init__(self, user: str) -> None:
        super().__init__(user)
        self.user = user


class NotTheirs(UserUnknown):
    """The account named with --as may not do this."""


class FileFormUnknown(CommandProblem):
    """The name of the file to write ends in something we don't write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = path


class FileUnwritable(FileFormUnknown):
    """The file can't be written there."""


class BackupExists(FileFormUnknown):
    """There is a file of that name already, and a backup writes over nothing."""


class SlipsExist(FileFormUnknown):
    """There is a file of that name already, and first passwords write over nothing."""


class NotTyped(CommandProblem):
    """What was asked for on the console was not typed."""


class DataThere(CommandProblem):
    """A demonstration was asked for where there are data."""


class NoSuchPage(CommandProblem):
    """The program has no page of this name."""

    def __init__(self, page: str, pages: Sequence[str]) -> None:
        super().__init__(page, pages)
        self.page = page
        self.pages = "、".join(pages)


class WrongNumberOfStudents(CommandProblem):
    """A demonstration can't have so few or so many children."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(least, most)
        self.least = least
        self.most = most


class AdministratorUnclear(CommandProblem):
    """Which administrator is meant can't be told."""

    def __init__(self, administrators: str) -> None:
        super().__init__(administrators)
        self.administrators = administrators


class NoManager(CommandProblem):
    """Nothing on this machine starts programs at boot: no systemd at work, as in a container."""


class NotAdministrator(CommandProblem):
    """Only the machine's administrator may do this."""


class ManagerRefused(CommandProblem):
    """The service manager was asked and would not."""

    def __init__(self, command: str, said: str) -> None:
        super().__init__(command, said)
        self.command = command
        self.said = said


class PathOdd(FileUnreadable):
    """A path holds signs that a service manager can't be given."""


class FolderUnfit(FileUnreadable):
    """A folder is the system's own, or is emptied at every boot, or is full of somebody else's files."""


class ServiceMissing(FileUnreadable):
    """No service of ours is installed."""


class ServiceDiffers(FileUnreadable):
    """A service of ours is installed with other options."""


class PostgresByHand(FileUnreadable):
    """The address of the database holds a password, which a unit would show to everybody on the machine."""


class UserMissing(CommandProblem):
    """The machine has no such account."""

    def __init__(self, user: str) -> None:
        super().__init__(user)
        self.user = user


class UserCannotReach(UserMissing):
    """The account can't read what the server needs."""

    def __init__(self, user: str, path: Path) -> None:
        super().__init__(user)
        self.path = path


SENTENCES: dict[type[Exception], str] = {
    PortTaken: "端口 {port} 已经有程序在用：请先停掉它，或换一个端口，例如 --port {other}。",
    PortForbidden: "端口 {port} 只有系统管理员能用：请换一个 1024 以上的端口，例如 --port 8501。",
    AddressElsewhere: "{address} 不是这台机器的地址：请换成这台机器的地址，或写 --address 0.0.0.0。",
    CertificateAlone: "给了 {given}，还缺 {missing}：证书和它的私钥要一起给。",
    CertificateTwice: "--https 会自己做一张证书，和 --cert、--key 只能用一种：请去掉其中一种。",
    PackageRefused: "打不开：密码不对，或者文件坏了、被改过。请核对密码；还是不行，请移交的学校重新给一份。",
    FileUnreadable: "读不了 {path}：请看看文件在不在，运行这条命令的账号能不能读。",
    DayTooFar: "日期 {text} 太远了：请写 2000 年到 2100 年里的一天。",
    DayUnreadable: "看不懂日期 {text}：请写成 2026-10-30 这样。",
    NoCertificateInside: "{path} 里没有可用的证书：请换成 PEM 格式的证书文件。",
    NoKeyInside: "{path} 里没有可用的私钥：请换成 PEM 格式的私钥文件。",
    KeyHasPassword: "{path} 里的私钥上了密码：请换成不带密码的私钥文件，并只让这个账号能读。",
    CertificateKeyMismatch: "证书 {cert} 和私钥 {key} 不是一对：请找到和这张证书一起发下来的私钥。",
    VenvUnavailable: "这个 Python 建不了运行环境：请先运行 apt-get install -y python3-venv，再运行同一条命令。",
    VenvStrange: "{path} 里的运行环境用不了：请删掉这个文件夹，再运行同一条命令。",
    PackagesOutOfReach: "程序包没有取到，网络不通，wheels 文件夹里也没有：请接上网络，或在能上网的同类机器上"
    "用同一份程序运行 manage.py wheels，把 wheels 文件夹拷到这里，再运行同一条命令。",
    WheelsIncomplete: "wheels 文件夹里缺能在这台机器（{machine}）上用的 {lacking}，网络也不通："
    "请在能上网的机器上用同一份程序运行 manage.py wheels（系统或 Python 版本不同的，加 --for-platform、--for-python），"
    "把 wheels 再拷过来。",
    WheelsDamaged: "{path} 里有文件没有拷好（{files}）：请把 wheels 文件夹重新拷一遍，再运行同一条命令。",
    NetworkMissing: "程序包没有取到（{said}）：请看看这台机器能不能上网、要不要设代理，再运行同一条命令。",
    InstallBroken: "程序包没有装完：请看 {log} 里最后几行写的原因，处理好以后再运行同一条命令。",
    errors.DiskFull: "{path} 所在的磁盘满了：请腾出至少 1 GB，再运行同一条命令。",
    UserUnknown: "没有能用的账号 {user}：请对照“账号”一页再写一遍，或去掉 --as。",
    NotTheirs: "账号 {user} 的岗位不能做这件事：请换一个账号，或去掉 --as。",
    FileFormUnknown: "{path} 要以 .xlsx 或 .csv 结尾：请改一下文件名。",
    FileUnwritable: "{path} 写不进去：请看看文件夹在不在、能不能写，文件是不是正开着。",
    ToolsMissing: "缺{tools}，这次测试不能少：请先运行 apt-get install -y {packages}，再运行同一条命令。",
    BackupExists: "{path} 已经有了，备份不会盖掉别的文件：请换一个名字。",
    SlipsExist: "{path} 已经有了，第一次密码不会盖掉别的文件：请换一个名字，再运行同一条命令。",
    NotTyped: "没有打完，什么都没有改：请准备好恢复单，再运行同一条命令。",
    AdministratorUnclear: "不知道是哪个管理员（现有的：{administrators}）：请用 --user 写明账号，再运行同一条命令。",
    NoManager: "这台机器没有可以装服务的地方（没有用 systemd 启动，容器里多半这样）：请用 manage.py run 启动，"
    "或加上 --dry-run 看看要装的内容，拿到别的机器上用。",
    NotAdministrator: "这件事要有系统管理员的权限：请在前面加 sudo，Windows 上用管理员身份打开窗口。",
    ManagerRefused: "系统没有照办（{command}）：它说“{said}”。请照它说的处理好，再运行同一条命令。",
    PathOdd: "{path} 里有引号、反斜线或看不见的字，装成服务会认错：请把文件夹改个名字。",
    FolderUnfit: "{path} 不能给服务放数据（它是系统的、重启会清空，或里面有别的文件）："
    "请用 --data 换一个自己的文件夹，例如 /srv/care-room/data。",
    ServiceMissing: "没有装过服务（没有 {path}）：不用拿走。",
    ServiceDiffers: "已经装了服务，选项不一样（上面写着差别，现在装的在 {path}）："
    "要换，请先运行 manage.py service remove，再运行同一条命令；要保留，什么都不用做。",
    PostgresByHand: "数据在 PostgreSQL 上，它的地址里有密码，不能写进谁都能看的服务文件：请新建 {path}，"
    "写一行 CARE_DATABASE_URL=…，运行 chmod 600 {path}，再运行同一条命令。",
    UserMissing: "这台机器没有系统账号 {user}：请先运行 useradd --system --no-create-home {user}，再运行同一条命令。",
    UserCannotReach: "系统账号 {user} 读不到 {path}：请把它放到大家能读的地方（例如程序放在 /opt），或去掉 --user。",
    errors.StillInUse: "关爱室还开着（进程 {processes}）：请先停掉它（在它的窗口里按 Ctrl+C），再运行同一条命令。",
    errors.BackupMissing: "没有找到 {path}：请看看备份文件在不在，运行这条命令的账号能不能读。",
    errors.BackupForeign: "{path} 用这把密钥打不开：它属于另一把密钥，或不是关爱室的备份。"
    "请换一份备份；换过密钥的，用 --key-file 指出旧的密钥文件，或用 --type-key 照恢复单打进来。现在的数据没有动过。",
    errors.BackupDamaged: "{path} 坏了（{where}），不能用来恢复：请换前一天的那一份备份。现在的数据没有动过。",
    errors.BackupNewer: "{path} 是更新的版本做的（备份 {found}，程序 {known}）：请先换上更新的程序。数据没有动过。",
    errors.BackupUnproven: "备份做了，但读回来不一样（{where}），已经作废：请运行 manage.py doctor 看看盘有没有问题。",
    errors.BackupUnwritable: "{path} 写不进去：请看看文件夹在不在、能不能写。",
    errors.NoRoom: "{path} 所在的盘放不下：还要 {needed_mb} MB，现在只有 {free_mb} MB。请腾出地方，再运行同一条命令。",
    errors.EmbeddedOnly: "数据在 PostgreSQL 上，这件事用它自己的工具做：办法写在“给信息老师”的“用 PostgreSQL”一段。",
    errors.SheetWrong: "第 {places} 组不对：请照恢复单再打一遍，一共 16 组，每组五个字，没有 I、L、O、U。",
    errors.SheetForeign: "这张恢复单抄得没有错，但不是现在这把密钥的：请找密钥编号一样的那一张，或重新抄一张。",
    errors.ChainBroken: "留痕链在第 {seq} 条断开，不能换密钥：请运行 manage.py verify，保留数据，找做维护的人。",
    errors.KeyMissing: "有数据，却没有打开它的密钥文件 {path}：请把另存的那份放回去，或用 CARE_KEY_FILE 指出它在哪里。",
    errors.KeyWrong: "密钥文件 {path} 打不开这份数据：它坏了，或属于另一份数据，请换成和这份数据一起保存的密钥文件。",
    errors.DatabaseMissing: "这里还没有数据：没有找到 {path}，请看看 --data 写得对不对，或先运行 manage.py run。",
    errors.DatabaseNewer: "数据是更新的版本写的（数据 {found}，程序 {known}）：请换上更新的程序再启动，数据没有动过。",
    errors.DatabaseOutdated: "数据还是旧版本的（数据 {found}，程序 {known}）：请运行 manage.py run，它先备份再升级。",
    errors.FolderReadOnly: "{path} 写不进去：请让运行这条命令的账号能写这个文件夹，或用 --data 换一个文件夹。",
    errors.DatabaseUnreachable: "连不上数据库（{reason}）：请看看数据库开着没有，CARE_DATABASE_URL 写得对不对。",
    errors.DatabaseUnopened: "{path} 打不开：请看看运行这条命令的账号能不能读写它，盘有没有问题，再运行同一条命令。",
    errors.DatabaseEmptied: "{path} 是空的，这里却有过数据，所以没有当成新的来用：请从 {backups} 里最近的一份备份恢复"
    "（manage.py restore 文件）。真要从头开始，请用 --data 换一个空文件夹。",
    errors.MigrationLocked: "另一个窗口正在升级这份数据：请等它做完，再运行同一条命令。",
    errors.MigrationFailed: "数据升级没有做完，已退回原来的样子（备份：{backup}）：请保留备份，把这句话告诉信息老师。",
    errors.StartupProblem: "这份数据现在打不开：请看看数据文件夹和密钥文件是不是原来的那一套。",
    DataThere: "这里已经有数据了，什么都没有动。演示要放在另一个空文件夹里：请加上 --data 和一个新的文件夹。",
    NoSuchPage: "没有叫 {page} 的页面，可以写：{pages}。",
    WrongNumberOfStudents: "学生人数要在 {least} 到 {most} 之间。请换一个数再运行。",
}


def sentence(error: Exception) -> str:
    """Say in one Chinese sentence what is wrong and what to do next.

    Raises:
        KeyError: the class has no sentence, so it is not a problem people can mend.
    """
    for known in type(error).__mro__:
        if known in SENTENCES:
            facts = {name: "没有" if fact is None else fact for name, fact in vars(error).items()}
            return SENTENCES[known].format_map(facts)
    raise KeyError(type(error).__name__)
