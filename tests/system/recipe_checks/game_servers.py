"""Tables of Pioneers with computer players, which connect through Weir; a lobby of two line servers with players from
many addresses; a greedy source."""

import socket
import threading
from pathlib import Path

from recipe_checks.testbed import Failed, accepts, wait_until

SERVER = Path("/usr/games/pioneers-server-console")
PLAYER = Path("/usr/games/pioneersai")
NAMES = ("ann", "bob", "cid")


class Lobby:
    """Greets each player with its name, and answers each line with it."""

    def __init__(self, name):
        self.name = name
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                player, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(player,), daemon=True).start()

    def serve(self, player):
        try:
            with player:
                player.sendall(f"welcome to {self.name}\n".encode())
                while player.recv(1000):
                    player.sendall(f"{self.name} heard you\n".encode())
        except OSError:
            pass


def check(bed):
    that = bed.count.that
    if not SERVER.exists():
        raise Failed("pioneers-console is not installed")
    tables_port, lobby_port, behind = bed.ports(4), bed.ports(), bed.ports(4)
    lobbies = [Lobby("lobby5"), Lobby("lobby6")]
    weir = bed.weir(
        "game-servers",
        {
            "listeners.tables.bind": f"127.0.0.1:{tables_port}-{tables_port + 3}",
            "listeners.lobby.bind": f"127.0.0.1:{lobby_port}",
            "upstreams.tables.servers.0.address": f"127.0.0.1:{behind}-{behind + 3}",
            "upstreams.lobby.servers.0.address": f"127.0.0.1:{lobbies[0].port}",
            "upstreams.lobby.servers.1.address": f"127.0.0.1:{lobbies[1].port}",
        },
    )
    expected = [line for line in weir.warnings if "user_timeout is 20s" in line]
    that(weir.warnings == expected and len(expected) == 2, "weir check warns of user_timeout alone", weir.warnings)
    weir.wait_for_states("lobby", {lobby.port: "up" for lobby in lobbies})

    games(bed, weir, tables_port, behind)
    empty_table(bed, weir, tables_port, behind)
    lobby(bed, lobby_port)
    greedy(bed, weir, lobby_port)


def games(bed, weir, tables_port, behind):
    """A whole game at each of two tables."""
    servers, players = [], []
    for table in (0, 2):
        servers.append(
            bed.start(
                f"table{table + 1}",
                SERVER,
                "-p",
                behind + table,
                "-P",
                len(NAMES),
                "-v",
                3,
                "-x",
                "-g",
                "Default",
                user="nobody",
            )
        )
        wait_until(lambda: accepts(behind + table), "the table accepts")
        players += [
            bed.start(
                f"{name}{table + 1}",
                PLAYER,
                "-s",
                "127.0.0.1",
                "-p",
                tables_port + table,
                "-n",
                name,
                "-t",
                "10",
                "-c",
                user="nobody",
            )
            for name in NAMES
        ]
    for process in servers + players:
        wait_until(lambda: process.poll() is not None, f"{process.name} ends", 120)
    bed.count.that(
        all(server.returncode == 0 for server in servers),
        "two tables play a game of Pioneers to its end",
        [server.returncode for server in servers],
    )
    for table in (0, 2):
        mine = [record for record in weir.records() if record["backend"] == f"127.0.0.1:{behind + table}"]
        bed.count.that(
            len(mine) == len(NAMES) and all(record["bytes_out"] > 1000 for record in mine),
            f"the players of port {table + 1} of the range were at the server of port {table + 1}",
            weir.records(),
        )


def empty_table(bed, weir, tables_port, behind):
    """Port 2 of the range has no server behind it."""
    bed.start("table1-again", SERVER, "-p", behind, "-P", 2, "-g", "Default", user="nobody")
    wait_until(lambda: accepts(behind), "the table accepts")
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", tables_port + 1), timeout=10) as player:
            try:
                player.recv(1)
            except ConnectionResetError:
                pass
    record = weir.wait_for_record("the empty table", lambda record: record["end"] == "connect_failed")
    bed.count.that(record["attempts"] == 3, "a table without a server resets its players after three attempts", record)
    with socket.create_connection(("127.0.0.1", tables_port), timeout=10) as player:
        bed.count.that(player.recv(100) != b"", "while the other tables of the range are served")


def join(port, source):
    """A player from that address and the server that greets it; or None twice if it is refused."""
    try:
        player = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))
        greeting = player.recv(100)
    except ConnectionResetError:  # which may come while it still connects
        return None, None
    if not greeting:
        player.close()
        return None, None
    return player, greeting.decode().split()[-1]


def lobby(bed, port):
    homes = {}
    for _ in range(3):
        for number in range(1, 26):  # odd, or taking turns would look the same
            source = f"127.0.1.{number}"
            player, home = join(port, source)
            homes.setdefault(source, set()).add(home)
            player.close()
    bed.count.that(
        all(len(home) == 1 for home in homes.values()),
        "a player who comes back has the same server of the lobby",
        homes,
    )
    bed.count.that({"lobby5", "lobby6"} == set().union(*homes.values()), "and both servers have players", homes)


def greedy(bed, weir, port):
    crowd = [join(port, "127.0.2.1")[0] for _ in range(8)]
    bed.count.that(all(crowd), "one address may have eight connections")
    bed.count.that(join(port, "127.0.2.1")[0] is None, "a ninth is refused")
    player, _ = join(port, "127.0.2.2")
    bed.count.that(player is not None, "while another address is served")
    for one in [*crowd, player]:
        one.close()
    weir.wait_for_record("the refused connection", lambda record: record["end"] == "refused_limit")
    came = 0
    while came < 200:  # faster than one a second
        player, _ = join(port, "127.0.2.3")
        if player is None:
            break
        player.close()
        came += 1
    bed.count.that(60 <= came < 200, "one address may come sixty times at once", came)
    weir.wait_for_record("a connection that came too soon", lambda record: record["end"] == "refused_rate")
    bed.count.that(True, "and is then refused for a while")
